package main

import (
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
)

// patch returns what talosctl machineconfig patch writes.
func patch(base string, texts []string) (string, error) {
	patches := make([]configpatcher.Patch, 0, len(texts))

	for _, text := range texts {
		loaded, err := configpatcher.LoadPatch([]byte(text))
		if err != nil {
			return "", fmt.Errorf("load patch: %w", err)
		}

		patches = append(patches, loaded)
	}

	patched, err := configpatcher.Apply(configpatcher.WithBytes([]byte(base)), patches)
	if err != nil {
		return "", err
	}

	text, err := patched.Bytes()

	return string(text), err
}

// load returns the base as patching it with nothing would write it: of a clone, because a config that was loaded keeps its bytes.
func load(base string) (string, error) {
	loaded, err := configloader.NewFromBytes([]byte(base))
	if err != nil {
		return "", err
	}

	return loaded.Clone().EncodeString(encoder.WithComments(encoder.CommentsDisabled))
}

// mode is where Talos runs. Its own type for this lies outside of the machinery; these are its answers for metal, cloud and container.
type mode string

func (m mode) String() string        { return string(m) }
func (m mode) RequiresInstall() bool { return m == "metal" }
func (m mode) InContainer() bool     { return m == "container" }

// What talosctl validate calls: the first since 1.14, the second before.
type (
	asClient interface {
		ValidateAsClient(validation.RuntimeMode, ...validation.Option) ([]string, error)
	}
	always interface {
		Validate(validation.RuntimeMode, ...validation.Option) ([]string, error)
	}
)

// validate returns what talosctl validate warns of, and as an error what it refuses.
func validate(base string, where mode, strict bool) ([]string, error) {
	loaded, err := configloader.NewFromBytes([]byte(base))
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}

	options := []validation.Option{validation.WithLocal()}
	if strict {
		options = append(options, validation.WithStrict())
	}

	return verdict(loaded, where, options)
}

func verdict(loaded config.Provider, where mode, options []validation.Option) ([]string, error) {
	switch judge := loaded.(type) {
	case asClient:
		return judge.ValidateAsClient(where, options...)
	case always:
		return judge.Validate(where, options...)
	default:
		return nil, fmt.Errorf("%T has no validation that is known here", loaded)
	}
}
