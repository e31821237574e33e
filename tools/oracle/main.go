// Command oracle says what Talos's own configuration code makes of a config, for the one minor that it is built with.
//
// It reads one request a line and writes one answer a line, both JSON. A request has an op:
//
//	patch     the base after the patches
//	load      the base, written again
//	answers   what Talos gets to hear from the base, as JSON: see answers.go
//	validate  the verdict of talosctl validate on the base, for a mode (metal, cloud, container), strict or not
//	bench     how much processor time one patch takes, measured over count of them in this process
//
// An answer has exactly one of ok, error and panic: what was asked for, the text with which Talos refuses, or what it crashes with.
// Errors of reading a patch begin with "load patch: ", of reading a config to validate with "load: "; the rest is Talos's text.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

type request struct {
	ID      string   `json:"id"`
	Op      string   `json:"op"`
	Base    string   `json:"base"`
	Patches []string `json:"patches"`
	Mode    string   `json:"mode"`
	Strict  bool     `json:"strict"`
	Count   int      `json:"count"`
}

type answer struct {
	ID    string  `json:"id"`
	OK    *string `json:"ok,omitempty"`
	Error *string `json:"error,omitempty"`
	Panic *string `json:"panic,omitempty"`

	// Problems are the single errors that Error is made of, and Warnings what the validation warned of, whatever its verdict.
	Problems []string `json:"problems,omitempty"`
	Warnings []string `json:"warnings,omitempty"`

	// Seconds of processor time that one patch took, garbage collection included.
	Seconds float64 `json:"seconds,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// serve answers until there are no more requests.
func serve(in io.Reader, out io.Writer) error {
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

			if err := encoder.Encode(answerTo(asked)); err != nil {
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

// answerTo does what is asked for. A crash is an answer too.
func answerTo(asked request) (given answer) {
	defer func() {
		if crash := recover(); crash != nil {
			text := fmt.Sprint(crash)
			given = answer{ID: asked.ID, Panic: &text}
		}
	}()

	var (
		text string
		err  error
	)

	given.ID = asked.ID

	switch asked.Op {
	case "patch":
		text, err = patch(asked.Base, asked.Patches)
	case "load":
		text, err = load(asked.Base)
	case "answers":
		text, err = answers(asked.Base)
	case "validate":
		text = "valid"
		given.Warnings, err = validate(asked.Base, mode(asked.Mode), asked.Strict)
	case "bench":
		text = "measured"
		given.Seconds, err = bench(asked.Base, asked.Patches, asked.Count)
	default:
		err = fmt.Errorf("there is no op %q", asked.Op)
	}

	if err != nil {
		text = err.Error()
		given.Error, given.Problems = &text, problems(err)

		return given
	}

	given.OK = &text

	return given
}

// problems takes an error apart that wraps several, those inside of it included.
func problems(err error) (found []string) {
	var several interface{ WrappedErrors() []error }
	if !errors.As(err, &several) {
		return nil
	}

	for _, each := range several.WrappedErrors() {
		if inner := problems(each); inner != nil {
			found = append(found, inner...)
		} else {
			found = append(found, each.Error())
		}
	}

	return found
}
