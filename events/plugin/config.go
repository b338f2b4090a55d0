package plugin

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/kelseyhightower/envconfig"

	"github.com/uptimer/uptimer/internal/setting"
)

// Variable is one setting, for lists and docs.
type Variable struct {
	Name    string
	Default string // empty: none
	Desc    string // a line of meaning
	Secret  bool   // its value is never shown
}

// Validator is a config struct that knows more than its fields' types do.
type Validator interface {
	// Validate returns setting.Mistakes, each naming its variable, or nil.
	Validate() error
}

// Load fills the struct that config points to from the environment. Each field carries its variable's full name
// and meaning:
//
//	Interval setting.Duration `envconfig:"PROBE_INTERVAL" default:"30s" desc:"time from one check to the next"`
//
// Embedded structs are filled in the same way. All mistakes are returned at once, as setting.Mistakes. A field that
// could not be read has its default then, so that Validate can look at the others, and so can whoever goes on to
// find more mistakes.
func Load(env *Environment, config any) error {
	var ms setting.Mistakes
	written := map[string]string{}
	for _, f := range fieldsOf(reflect.ValueOf(config).Elem()) {
		value, set, err := env.Lookup(f.Name)
		ms.Join(f.Name, err)
		if err != nil || !set {
			value = f.Default
		}
		written[f.Name] = value
		if err := fill(f, value); err != nil {
			if f.Secret {
				value = setting.Hidden
			}
			ms.Add(f.Name, value, err)
			_ = fill(f, f.Default) // a test fills all defaults
		}
	}
	if v, ok := config.(Validator); ok {
		ms.Join("", fresh(ms, written, v.Validate()))
	}
	return ms.Err()
}

// fresh is what Validate says of variables that are not blamed already, with the values as they were written,
// unless Validate took a secret out. An error that is no mistake is kept.
func fresh(blamed setting.Mistakes, written map[string]string, err error) error {
	var found, kept setting.Mistakes
	if !errors.As(err, &found) {
		return err
	}
	for _, m := range found {
		if slices.ContainsFunc(blamed, func(b setting.Mistake) bool { return b.Where == m.Where || b.Where == m.Where+"_FILE" }) {
			continue
		}
		hidden := m.Value == setting.Hidden || strings.Contains(m.Value, setting.HiddenUser+"@")
		part := strings.Contains(written[m.Where], m.Value) // one of a list
		if text := written[m.Where]; text != "" && m.Value != "" && !hidden && !part {
			m.Value = setting.Redact(text)
		}
		kept = append(kept, m)
	}
	return kept.Err()
}

// Describe lists the variables of the struct that config points to.
func Describe(config any) []Variable {
	fields := fieldsOf(reflect.ValueOf(config).Elem())
	vars := make([]Variable, len(fields))
	for i, f := range fields {
		vars[i] = f.Variable
	}
	return vars
}

type field struct {
	Variable
	def   reflect.StructField
	value reflect.Value
}

var secretType = reflect.TypeFor[setting.Secret]()

// fieldsOf lists the tagged fields of a struct, those of embedded structs in their place. A field without a
// meaning is a mistake of ours that every test of the plugin would meet.
func fieldsOf(v reflect.Value) (fields []field) {
	for i := range v.NumField() {
		def := v.Type().Field(i)
		name, tagged := def.Tag.Lookup("envconfig")
		switch {
		case def.Anonymous && !tagged:
			fields = append(fields, fieldsOf(v.Field(i))...)
		case tagged:
			desc := def.Tag.Get("desc")
			if desc == "" {
				panic("plugin: " + name + " has no desc")
			}
			fields = append(fields, field{Variable{name, def.Tag.Get("default"), desc, def.Type == secretType}, def, v.Field(i)})
		}
	}
	return fields
}

// fill hands one value to envconfig. It goes in as the default of a struct with one field, because envconfig
// stops at the first mistake, does not know NAME_FILE and takes an empty variable for a set one.
func fill(f field, value string) error {
	if value == "" {
		return nil
	}
	one := reflect.New(reflect.StructOf([]reflect.StructField{{
		Name: f.def.Name, Type: f.def.Type,
		Tag: reflect.StructTag(`envconfig:"` + neverSet + `" default:` + strconv.Quote(value)),
	}}))
	if err := envconfig.Process("", one.Interface()); err != nil {
		return plain(err, f.def.Type)
	}
	f.value.Set(one.Elem().Field(0))
	return nil
}

// neverSet is a name that no variable can have.
const neverSet = "UPTIMER="

// plain words the mistakes that envconfig finds itself; our own types word theirs.
func plain(err error, t reflect.Type) error {
	var parse *envconfig.ParseError
	if errors.As(err, &parse) {
		err = parse.Err
	}
	var number *strconv.NumError
	if errors.As(err, &number) {
		switch t.Kind() {
		case reflect.Bool:
			return errors.New("neither true nor false; want one of them")
		case reflect.Float32, reflect.Float64:
			return errors.New("not a number that fits; want a number such as 0.5")
		default:
			return fmt.Errorf("not a number that fits; want a whole number (%s)", t.Kind())
		}
	}
	// Libraries repeat what was written, with the password of a URL.
	if text := err.Error(); setting.Redact(text) != text {
		return errors.New(setting.Redact(text))
	}
	return err
}
