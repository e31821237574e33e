from talospatch.wire.proto import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DebugContainerRunRequestSpec(_message.Message):
    __slots__ = ("containerd", "image_name", "args", "env", "profile", "tty")
    class Profile(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PROFILE_UNSPECIFIED: _ClassVar[DebugContainerRunRequestSpec.Profile]
        PROFILE_PRIVILEGED: _ClassVar[DebugContainerRunRequestSpec.Profile]
        PROFILE_HOST_NS: _ClassVar[DebugContainerRunRequestSpec.Profile]
    PROFILE_UNSPECIFIED: DebugContainerRunRequestSpec.Profile
    PROFILE_PRIVILEGED: DebugContainerRunRequestSpec.Profile
    PROFILE_HOST_NS: DebugContainerRunRequestSpec.Profile
    class EnvEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CONTAINERD_FIELD_NUMBER: _ClassVar[int]
    IMAGE_NAME_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    TTY_FIELD_NUMBER: _ClassVar[int]
    containerd: _common_pb2.ContainerdInstance
    image_name: str
    args: _containers.RepeatedScalarFieldContainer[str]
    env: _containers.ScalarMap[str, str]
    profile: DebugContainerRunRequestSpec.Profile
    tty: bool
    def __init__(self, containerd: _Optional[_Union[_common_pb2.ContainerdInstance, _Mapping]] = ..., image_name: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., env: _Optional[_Mapping[str, str]] = ..., profile: _Optional[_Union[DebugContainerRunRequestSpec.Profile, str]] = ..., tty: bool = ...) -> None: ...

class DebugContainerTerminalResize(_message.Message):
    __slots__ = ("width", "height")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class DebugContainerRunRequest(_message.Message):
    __slots__ = ("spec", "stdin_data", "signal", "term_resize")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STDIN_DATA_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    TERM_RESIZE_FIELD_NUMBER: _ClassVar[int]
    spec: DebugContainerRunRequestSpec
    stdin_data: bytes
    signal: int
    term_resize: DebugContainerTerminalResize
    def __init__(self, spec: _Optional[_Union[DebugContainerRunRequestSpec, _Mapping]] = ..., stdin_data: _Optional[bytes] = ..., signal: _Optional[int] = ..., term_resize: _Optional[_Union[DebugContainerTerminalResize, _Mapping]] = ...) -> None: ...

class DebugContainerRunResponse(_message.Message):
    __slots__ = ("stdout_data", "exit_code")
    STDOUT_DATA_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    stdout_data: bytes
    exit_code: int
    def __init__(self, stdout_data: _Optional[bytes] = ..., exit_code: _Optional[int] = ...) -> None: ...
