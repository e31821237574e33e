// Command libcni says what libcni's DEL does with one cache file, for the one version of libcni that it is built with.
//
// It reads one request a line and writes one answer a line, both JSON. A request is the file's content in base64, and the name and
// cniVersion of the conflist that is deleted. The conflist has two plugins. None is run: it is only noted that one would have been, and
// counts as a success, so that an error is always libcni's own.
//
// An answer says whether DEL failed, with which error or panic, whether the file is left, and whether both plugins were to run.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/version"
)

const (
	containerID = "5f0c3a9d7be14268f0c3a9d7be142685f0c3a9d7be142685f0c3a9d7be142680"
	ifName      = "eth0"
)

// pluginTypes are those of the conflist, in the order that ADD runs them.
var pluginTypes = []string{"bridge", "portmap"}

type request struct {
	Content    []byte `json:"content"`
	CNIVersion string `json:"cni_version"`
	Network    string `json:"network"`
}

type answer struct {
	Error      *string `json:"error"`
	Panic      *string `json:"panic"`
	FileLeft   bool    `json:"file_left"`
	PluginsRan bool    `json:"plugins_ran"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "libcni:", err)
		os.Exit(1)
	}
}

// serve answers until there are no more requests. All cache directories are made in one folder, which is removed at the end.
func serve(in io.Reader, out io.Writer) error {
	folder, err := os.MkdirTemp("", "libcni-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	lines := bufio.NewReader(in)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)

	for {
		line, readErr := lines.ReadBytes('\n')
		if len(line) > 1 {
			var asked request
			if err := json.Unmarshal(line, &asked); err != nil {
				return fmt.Errorf("a request that is no JSON: %w", err)
			}

			given, err := answerTo(asked, folder)
			if err != nil {
				return err
			}

			if err := encoder.Encode(given); err != nil {
				return err
			}
		}

		if errors.Is(readErr, io.EOF) {
			return nil
		}

		if readErr != nil {
			return readErr
		}
	}
}

// answerTo lets DEL find the file in a cache directory of its own, below folder. An error of this function is one of the set-up.
func answerTo(asked request, folder string) (answer, error) {
	list, err := conflist(asked.Network, asked.CNIVersion)
	if err != nil {
		return answer{}, err
	}

	cache, err := os.MkdirTemp(folder, "")
	if err != nil {
		return answer{}, err
	}
	defer os.RemoveAll(cache)

	path := filepath.Join(cache, "results", asked.Network+"-"+containerID+"-"+ifName)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		return answer{}, err
	}

	if err := os.WriteFile(path, asked.Content, 0o600); err != nil {
		return answer{}, err
	}

	noted := &notingExec{}
	given := del(libcni.NewCNIConfigWithCacheDir(nil, cache, noted), list)
	given.PluginsRan = noted.plugins == len(list.Plugins)

	if noted.plugins > 0 && !given.PluginsRan {
		return answer{}, fmt.Errorf("%d of %d plugins ran", noted.plugins, len(list.Plugins))
	}

	_, err = os.Lstat(path)
	given.FileLeft = err == nil

	return given, nil
}

// conflist makes one without validation of its version: it is DEL that is asked about it.
func conflist(name, cniVersion string) (*libcni.NetworkConfigList, error) {
	list := &libcni.NetworkConfigList{Name: name, CNIVersion: cniVersion}

	for _, pluginType := range pluginTypes {
		plugin, err := libcni.ConfFromBytes([]byte(fmt.Sprintf(`{"type": %q}`, pluginType)))
		if err != nil {
			return nil, err
		}

		list.Plugins = append(list.Plugins, plugin)
	}

	return list, nil
}

// del runs DEL of the attachment. A crash is an answer too.
func del(cni libcni.CNI, list *libcni.NetworkConfigList) (given answer) {
	defer func() {
		if crash := recover(); crash != nil {
			text := fmt.Sprint(crash)
			given = answer{Panic: &text}
		}
	}()

	attachment := &libcni.RuntimeConf{ContainerID: containerID, NetNS: "/var/run/netns/none", IfName: ifName}
	if err := cni.DelNetworkList(context.Background(), list, attachment); err != nil {
		text := err.Error()
		given.Error = &text
	}

	return given
}

// notingExec counts the plugins that would have been run, each of which it finds.
type notingExec struct {
	version.PluginDecoder
	plugins int
}

func (noted *notingExec) ExecPlugin(context.Context, string, []byte, []string) ([]byte, error) {
	noted.plugins++

	return nil, nil
}

func (noted *notingExec) FindInPath(plugin string, _ []string) (string, error) {
	return "/nowhere/" + plugin, nil
}
