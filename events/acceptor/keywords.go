package acceptor

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// compiled are the fields of a schema that the compiler turns into demands.
var compiled = map[string]bool{
	"Always": true, "Types": true, "Constant": true, "Enum": true, "Format": true, "format": true, "Pattern": true,
	"MinLength": true, "MaxLength": true, "Minimum": true, "Maximum": true, "MinItems": true, "MaxItems": true,
	"Items2020": true, "Required": true, "Properties": true, "AdditionalProperties": true, "Ref": true, "AllOf": true,
	"UnevaluatedProperties": true,
}

// silent are those that ask nothing of a value: where the schema is, and what it says for people.
var silent = map[string]bool{
	"Location": true, "Draft": true, "meta": true, "vocab": true, "enumError": true, "Title": true, "Description": true,
	"Default": true, "Comment": true, "ReadOnly": true, "WriteOnly": true, "Examples": true, "Deprecated": true,
}

// blank is the schema that asks for nothing.
var blank = sync.OnceValue(func() *jsonschema.Schema { return jsonschema.MustCompileString("blank.json", `{}`) })

// understood refuses a schema that asks for anything else than what the compiler knows. It looks at what the library
// holds rather than at the text: what the library will judge by is in there, whatever it is called.
func understood(s *jsonschema.Schema) error {
	if s.Always != nil { // then it says nothing else
		return nil
	}
	if s.Draft != jsonschema.Draft2020 {
		return errors.New("another draft than 2020-12")
	}
	has, empty := reflect.ValueOf(s).Elem(), reflect.ValueOf(blank()).Elem()
	for i := range has.NumField() {
		f := has.Type().Field(i)
		if compiled[f.Name] || silent[f.Name] {
			continue
		}
		same := has.Field(i).IsZero()
		if f.IsExported() {
			same = reflect.DeepEqual(has.Field(i).Interface(), empty.Field(i).Interface())
		}
		if !same {
			return fmt.Errorf("%s has no quick form", f.Name)
		}
	}
	return nil
}

// asserted tells whether the library holds texts to the schema's format.
func asserted(s *jsonschema.Schema) bool {
	return !reflect.ValueOf(s).Elem().FieldByName("format").IsNil()
}
