package probes

import (
	"weak"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/targets"
)

// OptionsCache finds what a probe has made of equal options before, so that targets share it. It does not keep it:
// when the last check with certain options has left the list, they can be collected. The zero value is ready; not
// for concurrent use.
type OptionsCache[T any] struct {
	made  map[targets.Options]weak.Pointer[T]
	sweep int      // how many entries there may be before those that were collected are looked for
	last  struct { // what was asked for last: mostly the next is the same
		key  targets.Options
		made weak.Pointer[T]
	}
}

// Get returns what was made for the key before, or else what parse makes now. The key holds only the options that
// matter to the probe, so that targets which differ in labels share. The error is that of parse.
func (c *OptionsCache[T]) Get(key targets.Options, parse func() (*T, error)) (*T, error) {
	if c.last.key == key {
		if made := c.last.made.Value(); made != nil {
			return made, nil
		}
	}
	made, err := c.find(key, parse)
	c.last.key, c.last.made = key, weak.Make(made)
	return made, err
}

func (c *OptionsCache[T]) find(key targets.Options, parse func() (*T, error)) (*T, error) {
	if made := c.made[key].Value(); made != nil {
		return made, nil
	}
	made, err := parse()
	if err != nil {
		return nil, err
	}
	if c.made == nil {
		c.made = map[targets.Options]weak.Pointer[T]{}
	}
	if len(c.made) >= c.sweep {
		c.forgetCollected()
	}
	c.made[key] = weak.Make(made)
	return made, nil
}

// Len is how many options are held, those that can be collected included.
func (c *OptionsCache[T]) Len() int { return len(c.made) }

func (c *OptionsCache[T]) forgetCollected() {
	for k, p := range c.made {
		if p.Value() == nil {
			delete(c.made, k)
		}
	}
	c.sweep = 2*len(c.made) + 16
}

// ReadOption parses a field of a target into to; one that is empty leaves it alone. What parse refuses is noted as
// a mistake of that field, with the text as its value.
func ReadOption[T any](ms *setting.Mistakes, field, text string, to *T, parse func(string) (T, error)) {
	if text == "" {
		return
	}
	value, err := parse(text)
	if err != nil {
		ms.Add(field, text, err)
		return
	}
	*to = value
}
