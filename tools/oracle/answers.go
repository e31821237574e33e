package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

// answers returns, as JSON, what Talos gets to hear from a config: the answer to every question that its controllers can put to one, which is
// the interface config.Config, and to every question that the answers take. The main document and the documents of their own answer alike,
// so two configs that say the same in different places have the same answers, but for what no controller makes a difference of.
func answers(base string) (string, error) {
	loaded, err := configloader.NewFromBytes([]byte(base))
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}

	var out bytes.Buffer

	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)

	err = encoder.Encode(ask(reflect.ValueOf(loaded), reflect.TypeFor[config.Config]()))

	return out.String(), err
}

// ask puts every question of an interface to a value.
func ask(value reflect.Value, questions reflect.Type) map[string]any {
	heard := map[string]any{}

	for index := range questions.NumMethod() {
		question := questions.Method(index)
		if question.Type.NumIn() == 0 && question.Type.NumOut() > 0 {
			heard[question.Name] = put(value, question)
		}
	}

	return heard
}

// put asks one question. A crash is an answer too.
func put(value reflect.Value, question reflect.Method) (heard any) {
	defer func() {
		if crash := recover(); crash != nil {
			heard = fmt.Sprint("panic: ", crash)
		}
	}()

	results := value.MethodByName(question.Name).Call(nil)

	if last := results[len(results)-1]; len(results) > 1 && !last.IsNil() {
		return fmt.Sprint("error: ", last)
	}

	return plain(results[0], question.Type.Out(0))
}

// plain makes data of an answer that may take questions itself.
func plain(value reflect.Value, declared reflect.Type) any {
	switch {
	case takesQuestions(declared):
		if value.IsNil() {
			return nil
		}

		return ask(value, declared)
	case declared.Kind() == reflect.Slice && takesQuestions(declared.Elem()):
		list := []any{}
		for index := range value.Len() {
			list = append(list, plain(value.Index(index), declared.Elem()))
		}

		return list
	case declared.Kind() == reflect.Map && takesQuestions(declared.Elem()):
		entries := map[string]any{}
		for _, key := range value.MapKeys() {
			entries[key.String()] = plain(value.MapIndex(key), declared.Elem())
		}

		return entries
	default:
		return data(value)
	}
}

func takesQuestions(declared reflect.Type) bool {
	return declared.Kind() == reflect.Interface && declared.NumMethod() > 0 && declared.PkgPath() != ""
}

// data writes a plain answer so that only equal ones are written alike. A list that is not there and an empty one differ, because to some
// questions the two are different answers; of mappings nobody asks.
func data(value reflect.Value) any {
	if !value.IsValid() || (value.Kind() == reflect.Pointer && value.IsNil()) {
		return nil
	}

	switch given := value.Interface().(type) {
	case fmt.Stringer:
		return given.String()
	case []byte:
		return string(given)
	}

	switch value.Kind() {
	case reflect.Interface:
		return data(value.Elem())
	case reflect.Slice:
		if value.IsNil() {
			return nil
		}

		list := []any{}
		for index := range value.Len() {
			list = append(list, data(value.Index(index)))
		}

		return list
	case reflect.Map:
		entries := map[string]any{}
		for _, key := range value.MapKeys() {
			entries[fmt.Sprint(key.Interface())] = data(value.MapIndex(key))
		}

		return entries
	case reflect.Struct, reflect.Pointer:
		if text, err := json.Marshal(value.Interface()); err == nil && string(text) != "{}" {
			return string(text)
		}

		return fmt.Sprintf("%+v", value.Interface())
	default:
		return value.Interface()
	}
}
