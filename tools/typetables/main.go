// Command typetables prints the Go types behind every machine config document of one Talos minor, one type a line.
//
//	K <kind> <flags> <type>            a document kind and the struct it decodes into; kind v1alpha1 is the main document
//	T <type> <shape> <hooks> [field…]  a named type: its shape, the hooks that change how it is read, written, merged or left out
//	E <type> <case> <number=text…>     an enumeration: whether case counts ("exact") or not ("any"), its numbers and their texts
//
// Columns are separated by tabs. A field is key:type:flags. Types are written as in Go (*x, []x, map[string]x), where x is a scalar or
// a name from a T line. Fields stand in the order in which the reference writes them. Flags of a field, "-" when there are none:
// o omitempty, i inline, r replaced by a merge, n left out only when nil, a without a yaml tag, x not in YAML.
package main

import (
	"bufio"
	"encoding"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

const machinery = "github.com/siderolabs/talos/pkg/machinery"

// minimal holds what a kind needs besides its name before the reference will load it at all.
var minimal = map[string]string{"VethConfig": "name: a\npeer:\n  name: b\n"}

// hooks are the methods that replace the ordinary treatment of a type, by the letter that stands for them.
// The reference looks for String on values only, for the others on pointers too.
var hooks = []struct {
	letter, method string
	onValue        bool
}{
	{"M", "Merge", false},
	{"U", "UnmarshalYAML", false},
	{"Y", "MarshalYAML", false},
	{"t", "UnmarshalText", false},
	{"T", "MarshalText", false},
	{"Z", "IsZero", false},
	{"S", "String", true},
}

var documentFlags = []struct{ letter, method string }{
	{"v", "Validate"}, {"r", "RuntimeValidate"}, {"c", "V1Alpha1ConflictValidate"}, {"k", "ConflictingKinds"}, {"w", "ConflictsWithKinds"}, {"x", "Redact"},
}

type printer struct {
	out   *bufio.Writer
	named map[reflect.Type]string
	taken map[string]reflect.Type
	queue []reflect.Type
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "typetables:", err)
		os.Exit(1)
	}
}

func run() error {
	kinds, err := candidates()
	if err != nil {
		return err
	}

	p := &printer{out: bufio.NewWriter(os.Stdout), named: map[reflect.Type]string{}, taken: map[string]reflect.Type{}}
	defer p.out.Flush() //nolint:errcheck

	for _, kind := range append(kinds, "v1alpha1") {
		if document := load(kind); document != nil {
			p.document(kind, document)
		}
	}

	for len(p.queue) > 0 {
		next := p.queue[0]
		p.queue = p.queue[1:]
		p.describe(next)
	}

	return nil
}

// candidates reads every string constant whose value looks like a kind from the sources of the machinery's config types.
func candidates() ([]string, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", machinery).Output()
	if err != nil {
		return nil, fmt.Errorf("where is the source of %s: %w", machinery, err)
	}

	found := map[string]bool{}
	root := filepath.Join(strings.TrimSpace(string(dir)), "config", "types")

	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}

		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}

		ast.Inspect(file, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && strings.HasSuffix(text, "Config") && token.IsIdentifier(text) && token.IsExported(text) {
					found[text] = true
				}
			}

			return true
		})

		return nil
	})

	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}

	sort.Strings(names)

	return names, err
}

func load(kind string) config.Document {
	text := "apiVersion: v1alpha1\nkind: " + kind + "\n" + minimal[kind]
	if kind == "v1alpha1" {
		text = "version: v1alpha1\nmachine: null\n"
	}

	provider, err := configloader.NewFromBytes([]byte(text))
	if err != nil {
		return nil // not a kind of this version, only a constant that looks like one
	}

	return provider.Documents()[0]
}

func (p *printer) document(kind string, document config.Document) {
	flags := ""

	if _, ok := document.(config.NamedDocument); ok {
		flags += "n"
	}

	for _, flag := range documentFlags {
		if _, ok := reflect.TypeOf(document).MethodByName(flag.method); ok {
			flags += flag.letter
		}
	}

	fmt.Fprintf(p.out, "K\t%s\t%s\t%s\n", kind, dash(flags), p.reference(reflect.TypeOf(document).Elem()))
}

// reference writes a type where it is used, and queues the named types that need a line of their own.
func (p *printer) reference(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		return "*" + p.reference(t.Elem())
	}

	if t.PkgPath() == "" || t.Name() == "" {
		switch t.Kind() { //nolint:exhaustive
		case reflect.Slice:
			return "[]" + p.reference(t.Elem())
		case reflect.Array:
			return "[" + strconv.Itoa(t.Len()) + "]" + p.reference(t.Elem())
		case reflect.Map:
			return "map[" + p.reference(t.Key()) + "]" + p.reference(t.Elem())
		case reflect.Interface:
			return "any"
		case reflect.Struct, reflect.Func, reflect.Chan:
			return p.name(t)
		default:
			return t.Kind().String()
		}
	}

	return p.name(t)
}

func (p *printer) name(t reflect.Type) string {
	if name, ok := p.named[t]; ok {
		return name
	}

	name := strings.NewReplacer(" ", "", "\t", "", ":", "").Replace(t.String())
	if len(name) > 60 || strings.ContainsAny(name, "{[") {
		name = "anonymous." + strconv.Itoa(len(p.named))
	}

	for other, taken := p.taken[name]; taken && other != t; other, taken = p.taken[name] {
		name += "'"
	}

	p.named[t], p.taken[name] = name, t
	p.queue = append(p.queue, t)

	return name
}

func (p *printer) describe(t reflect.Type) {
	letters := ""

	for _, hook := range hooks {
		set := reflect.PointerTo(t)
		if hook.onValue {
			set = t
		}

		if _, ok := set.MethodByName(hook.method); ok {
			letters += hook.letter
		}
	}

	shape := t.Kind().String()

	switch t.Kind() { //nolint:exhaustive
	case reflect.Slice:
		shape = "[]" + p.reference(t.Elem())
	case reflect.Map:
		shape = "map[" + p.reference(t.Key()) + "]" + p.reference(t.Elem())
	}

	fmt.Fprintf(p.out, "T\t%s\t%s\t%s", p.named[t], shape, dash(letters))

	if t.Kind() == reflect.Struct && !foreign(t) {
		for index := range t.NumField() {
			if field := t.Field(index); field.IsExported() {
				p.field(field)
			}
		}
	}

	fmt.Fprintln(p.out)

	if texts := words(t); len(texts) > 0 {
		fmt.Fprintf(p.out, "E\t%s\t%s\t%s\n", p.named[t], caseOf(t, texts), strings.Join(texts, "\t"))
	}
}

// words lists the numbers of an enumeration with the text of each: those that are written as a text which reads as the same number.
func words(t reflect.Type) (found []string) {
	if !integer(t.Kind()) {
		return nil
	}

	for number := range 1 << 16 {
		value := reflect.New(t)
		if !set(value.Elem(), number) {
			break
		}

		writer, writes := value.Interface().(encoding.TextMarshaler)
		if !writes {
			return nil
		}

		text, err := writer.MarshalText()
		if err != nil || strings.ContainsAny(string(text), "\t\n") {
			continue
		}

		again := reflect.New(t)
		reader, reads := again.Interface().(encoding.TextUnmarshaler)

		if reads && reader.UnmarshalText(text) == nil && again.Elem().Interface() == value.Elem().Interface() {
			found = append(found, strconv.Itoa(number)+"="+string(text))
		}
	}

	return found
}

// caseOf tells whether an enumeration reads its texts in capitals too.
func caseOf(t reflect.Type, texts []string) string {
	for _, entry := range texts {
		_, text, _ := strings.Cut(entry, "=")
		reader, _ := reflect.New(t).Interface().(encoding.TextUnmarshaler)

		if reader.UnmarshalText([]byte(strings.ToUpper(text))) != nil {
			return "exact"
		}
	}

	return "any"
}

func integer(kind reflect.Kind) bool {
	return kind >= reflect.Int && kind <= reflect.Uint64
}

func set(value reflect.Value, number int) bool {
	if value.CanInt() {
		value.SetInt(int64(number))

		return value.Int() == int64(number)
	}

	value.SetUint(uint64(number))

	return value.Uint() == uint64(number)
}

// foreign tells the types whose insides say nothing about YAML because another module reads and writes them as one text.
func foreign(t reflect.Type) bool {
	_, text := reflect.New(t).Interface().(encoding.TextUnmarshaler)

	return text && !strings.Contains(t.PkgPath(), machinery)
}

func (p *printer) field(field reflect.StructField) {
	text, tagged := field.Tag.Lookup("yaml")
	tag := strings.Split(text, ",")
	key, flags := tag[0], ""

	for _, option := range tag[1:] {
		switch option {
		case "omitempty":
			flags += "o"
		case "inline":
			flags += "i"
		}
	}

	if field.Tag.Get("merge") == "replace" {
		flags += "r"
	}

	if strings.Contains(field.Tag.Get("talos"), "omitonlyifnil") {
		flags += "n"
	}

	if !tagged {
		flags += "a"
	}

	switch {
	case key == "-":
		flags += "x"
		key = field.Name
	case key == "" && !strings.Contains(flags, "i"):
		key = strings.ToLower(field.Name)
	case key == "":
		key = field.Name
	}

	fmt.Fprintf(p.out, "\t%s:%s:%s", key, p.reference(field.Type), dash(flags))
}

func dash(text string) string {
	if text == "" {
		return "-"
	}

	return text
}
