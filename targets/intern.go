package targets

import "strings"

// interner gives equal Options one pointer, also across the versions of a list.
type interner struct {
	known, used map[Options]*Options
	last        *Options          // mostly the next is the same
	texts       map[string]string // short texts that many targets have, such as intervals
}

// text gives equal texts the same bytes.
func (in *interner) text(text string) string {
	if known, ok := in.texts[text]; ok || text == "" {
		return known
	}
	if in.texts == nil {
		in.texts = map[string]string{}
	}
	text = strings.Clone(text)
	in.texts[text] = text
	return text
}

func (in *interner) intern(o *Options) *Options {
	if in.last == nil || *in.last != *o {
		in.last = in.find(*o)
	}
	return in.last
}

func (in *interner) find(o Options) *Options {
	if p, ok := in.used[o]; ok {
		return p
	}
	p, ok := in.known[o]
	if !ok {
		p = o.clone()
	}
	in.used[*p] = p
	return p
}

// clone copies the texts too, so that they do not keep their lines in memory.
func (o Options) clone() *Options {
	for _, r := range rules {
		if r.option != nil {
			text := r.option(&o)
			*text = strings.Clone(*text)
		}
	}
	return &o
}
