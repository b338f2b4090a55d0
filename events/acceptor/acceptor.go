// Package acceptor tells quickly of most JSON documents that a JSON Schema takes that it takes them. An acceptor is made
// of a schema that jsonschema/v5 has compiled, and says "valid" or "don't know", never "not valid": who does not
// get a yes asks the library, which stays the judge.
package acceptor

import (
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Limits are what a document must keep to whatever its schema says. That it is UTF-8, has no key twice in one object,
// no half of a surrogate pair, and no number that a float64 cannot hold, is always asked for.
type Limits struct {
	Depth  int // objects and arrays inside each other, the outermost counted
	Number int // characters of a number, at most MaxNumber
}

// maxWanted is how many fields Accept can report.
const maxWanted = 8

// MaxNumber is how many characters of a number an acceptor may be made for.
const MaxNumber = 32

// Acceptor holds what a schema asks for as tables, one for each place in a document. What it says never changes. It may be
// shared between goroutines.
type Acceptor struct {
	limits Limits
	root   *node
	wanted int
}

// Compile makes an acceptor. An error names what of the schema has no quick form; then there is no acceptor. Accept
// reports the values of the wanted fields of the outermost object.
func Compile(schema *jsonschema.Schema, limits Limits, wanted ...string) (*Acceptor, error) {
	if limits.Number > MaxNumber {
		return nil, fmt.Errorf("numbers of %d characters, want at most %d", limits.Number, MaxNumber)
	}
	if len(wanted) > maxWanted {
		return nil, fmt.Errorf("%d wanted fields, want at most %d", len(wanted), maxWanted)
	}
	c := compiler{limits: limits, wanted: wanted, inside: make(map[*jsonschema.Schema]int), any: anything()}
	root, err := c.node(true, schema)
	if err != nil {
		return nil, err
	}
	return &Acceptor{limits: limits, root: root, wanted: len(wanted)}, nil
}

// Accept tells whether data is one JSON document within the limits that the schema takes. False means "don't know".
// If it is true, found holds what stands in the wanted fields, in their order: the text, without its quotes and as a
// part of data; nil where the field is missing or is no text. Found must be as long as there are wanted fields.
// Accept allocates nothing, unless a pattern or format of the schema does.
func (a *Acceptor) Accept(data []byte, found [][]byte) bool {
	isClean, isUTF8 := look(data)
	if len(found) != a.wanted || !isUTF8 {
		return false
	}
	p := pass{data: data, clean: isClean, limits: a.limits}
	p.space()
	if !p.value(a.root, 0) {
		return false
	}
	p.space()
	for i, s := range p.found[:a.wanted] {
		found[i] = nil
		if s.to > 0 {
			found[i] = data[s.from:s.to]
		}
	}
	return p.pos == len(data)
}
