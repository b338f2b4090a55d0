package acceptor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// compiler makes the nodes. All schemas that judge the same value become one node: allOf and $ref only ever add
// demands.
type compiler struct {
	limits Limits
	wanted []string
	inside map[*jsonschema.Schema]int // the schemas that the one at hand lies in
	any    *node
}

// node is the place that all these schemas judge.
func (c *compiler) node(outermost bool, schemas ...*jsonschema.Schema) (*node, error) {
	var all []*jsonschema.Schema
	for _, s := range schemas {
		more, err := c.gather(s)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	if len(all) == 0 {
		return c.any, nil
	}
	for _, s := range all {
		c.inside[s]++
		defer func() { c.inside[s]-- }()
	}
	n := newNode()
	for _, s := range all {
		err := understood(s)
		if err == nil {
			err = n.narrow(s)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Location, err)
		}
	}
	n.settle()
	if err := c.elements(n, all); err != nil {
		return nil, err
	}
	return n, c.members(n, all, outermost)
}

// gather is a schema and all that judge the same value because of it.
func (c *compiler) gather(s *jsonschema.Schema) ([]*jsonschema.Schema, error) {
	if c.inside[s] > 0 {
		return nil, fmt.Errorf("%s: refers to itself", s.Location)
	}
	c.inside[s]++
	defer func() { c.inside[s]-- }()
	all := []*jsonschema.Schema{s}
	next := s.AllOf
	if s.Ref != nil {
		next = append(slices.Clip(next), s.Ref)
	}
	for _, other := range next {
		more, err := c.gather(other)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// narrow adds what a schema asks of a value by itself.
func (n *node) narrow(s *jsonschema.Schema) error {
	if s.Always != nil && !*s.Always {
		n.kinds = 0
	}
	if len(s.Types) > 0 {
		var allowed kinds
		for _, t := range s.Types {
			allowed |= ofType[t]
		}
		n.kinds &= allowed
	}
	for _, values := range [][]any{s.Constant, s.Enum} {
		texts, err := onlyTexts(values)
		if err != nil {
			return err
		}
		if len(texts) > 0 {
			n.choose(texts)
		}
	}
	if s.MinItems >= 0 {
		n.fewest = max(n.fewest, s.MinItems)
	}
	if s.MaxItems >= 0 {
		n.mostItems = min(n.mostItems, s.MaxItems)
	}
	if err := n.narrowText(s); err != nil {
		return err
	}
	return n.narrowNumber(s)
}

func onlyTexts(values []any) ([]string, error) {
	texts := make([]string, len(values))
	for i, v := range values {
		s, ok := v.(string)
		if !ok {
			return nil, errors.New("const or enum of something else than texts")
		}
		texts[i] = s
	}
	return texts, nil
}

// maxLength is the longest text that a schema may ask for.
const maxLength = 1 << 30

func (n *node) narrowText(s *jsonschema.Schema) error {
	if s.MinLength > maxLength {
		return errors.New("a vast minLength")
	}
	n.shortest = max(n.shortest, s.MinLength)
	if s.MaxLength >= 0 {
		n.longest = min(n.longest, s.MaxLength)
	}
	checks, size, err := textChecks(s)
	n.checks, n.size = append(n.checks, checks...), max(n.size, size)
	return err
}

func (n *node) narrowNumber(s *jsonschema.Schema) error {
	if s.Minimum != nil {
		f, exact := s.Minimum.Float64()
		if !exact {
			return errors.New("a minimum that no float64 is")
		}
		n.least, n.bounded = max(n.least, f), true
	}
	if s.Maximum != nil {
		f, exact := s.Maximum.Float64()
		if !exact {
			return errors.New("a maximum that no float64 is")
		}
		n.most, n.bounded = min(n.most, f), true
	}
	return nil
}
