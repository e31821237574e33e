// Command answers says what Talos gets to hear from a config: the answer of every question that its controllers can put to one, which is the
// interface config.Config of its own configuration code, and everything below it.
//
// It reads one request a line, {"base": TEXT}, and writes one answer a line, {"answers": {QUESTION: ANSWER}} or {"error": TEXT}. A question is
// the names of the methods on the way, such as "NetworkHostnameConfig.Hostname"; what could not be asked because nothing stands there is null.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sort"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

type request struct {
	Base string `json:"base"`
}

type answer struct {
	Answers map[string]any `json:"answers,omitempty"`
	Error   string         `json:"error,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "answers:", err)
		os.Exit(1)
	}
}

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

func answerTo(asked request) answer {
	loaded, err := configloader.NewFromBytes([]byte(asked.Base))
	if err != nil {
		return answer{Error: err.Error()}
	}

	return answer{Answers: ask(reflect.ValueOf(loaded), reflect.TypeFor[config.Config]())}
}

// ask puts every question of an interface to a value.
func ask(value reflect.Value, questions reflect.Type) map[string]any {
	answers := map[string]any{}

	for index := range questions.NumMethod() {
		method := questions.Method(index)
		if method.Type.NumIn() > 0 || method.Type.NumOut() == 0 {
			continue
		}

		answers[method.Name] = put(value, method)
	}

	return answers
}

// put asks one question. A crash is an answer too.
func put(value reflect.Value, method reflect.Method) (said any) {
	defer func() {
		if crash := recover(); crash != nil {
			said = fmt.Sprint("panic: ", crash)
		}
	}()

	results := value.MethodByName(method.Name).Call(nil)

	if last := results[len(results)-1]; len(results) > 1 && !last.IsNil() {
		return fmt.Sprint("error: ", last)
	}

	return plain(results[0], method.Type.Out(0))
}

// plain makes data of an answer, which may have questions of its own.
func plain(value reflect.Value, declared reflect.Type) any {
	switch declared.Kind() {
	case reflect.Interface:
		if value.IsNil() {
			return nil
		}

		if declared.NumMethod() == 0 || declared.PkgPath() == "" || declared.Name() == "Stringer" {
			return data(value)
		}

		inner := value
		if inner.Kind() == reflect.Interface {
			inner = inner.Elem()
		}

		return ask(inner, declared)
	case reflect.Slice:
		if !holdsQuestions(declared.Elem()) {
			return data(value)
		}

		list := []any{}
		for index := range value.Len() {
			list = append(list, plain(value.Index(index), declared.Elem()))
		}

		return list
	case reflect.Map:
		if !holdsQuestions(declared.Elem()) {
			return data(value)
		}

		keys := value.MapKeys()
		sort.Slice(keys, func(one, two int) bool { return keys[one].String() < keys[two].String() })

		all := map[string]any{}
		for _, key := range keys {
			all[key.String()] = plain(value.MapIndex(key), declared.Elem())
		}

		return all
	default:
		return data(value)
	}
}

func holdsQuestions(declared reflect.Type) bool {
	return declared.Kind() == reflect.Interface && declared.NumMethod() > 0
}

// data writes a plain answer so that only equal ones are written alike; a list or map that is empty and one that is absent are not told apart,
// because nothing in Talos does, but for lists of search domains and time servers, which say so by other means.
func data(value reflect.Value) any {
	if !value.IsValid() {
		return nil
	}

	switch given := value.Interface().(type) {
	case fmt.Stringer:
		if value.Kind() == reflect.Pointer && value.IsNil() {
			return nil
		}

		return given.String()
	case []byte:
		return string(given)
	}

	switch value.Kind() {
	case reflect.Slice:
		if value.IsNil() {
			return "nil list"
		}

		list := []any{}
		for index := range value.Len() {
			list = append(list, data(value.Index(index)))
		}

		return list
	case reflect.Map:
		if value.IsNil() {
			return map[string]any{}
		}

		all := map[string]any{}
		for _, key := range value.MapKeys() {
			all[key.String()] = data(value.MapIndex(key))
		}

		return all
	}

	if value.Kind() == reflect.Struct || value.Kind() == reflect.Pointer {
		text, err := json.Marshal(value.Interface())
		if err == nil && string(text) != "{}" {
			return string(text)
		}

		return fmt.Sprintf("%+v", value.Interface())
	}

	return value.Interface()
}
