package targets

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/internal/setting"
)

// row is one target as a list says it. Readers reuse their rows.
type row struct {
	line int32
	text [fieldsEnd]string // labels and headers in the form in which Options keeps them
	at   [fieldsEnd]int32  // the line of each field; 0: that of the row
	said bool              // the mistake in the URL was noted already
	id   uuid.UUID         // of a table: its key there

	known known
}

// builder makes targets of rows, and gathers the mistakes of all lists.
type builder struct {
	cfg       Config
	protocols []string
	bare      string // the scheme that a bare host means
	regex     string // of http targets that have none
	uncounted bool   // PROBE_URLS is a list that could not be read
	mistakes  setting.Mistakes
	found     []found // in the list that is being read
	unsaid    int     // mistakes of that list that are only counted
	list      []Target
	seen      idIndex // of list
	repeats   int
	repeated  string // the first line that repeats another, and which
	options   interner
	compiled  map[string]error        // regular expressions that were looked at
	strays    int                     // rows of the table whose key is not the id of their target
	stray     string                  // the first of them
	keys      map[uuid.UUID]uuid.UUID // of strays, up to one more than mostKeys: the id of the target
	beside    *beside                 // what is the same there is not kept; nil: all is
	texts     *[]times
	interval  struct { // the last that was read: mostly the next is the same
		text  string
		value time.Duration
	}
	canonical, scratch []byte // reused, as are these
	target             Target
	read               Options
}

func newBuilder(cfg Config, protocols []string, known map[Options]*Options) *builder {
	bare := "https"
	if len(protocols) == 1 {
		bare = protocols[0]
	}
	return &builder{
		cfg: cfg, protocols: protocols, bare: bare,
		keys: map[uuid.UUID]uuid.UUID{}, compiled: map[string]error{},
		options: interner{known: known, used: map[Options]*Options{}},
	}
}

// found is a mistake and its line.
type found struct {
	line    int32
	mistake setting.Mistake
}

// blameAt notes a mistake in the list that is being read. value is shown without what may be a password.
func (b *builder) blameAt(o *Origin, line int32, name, value string, err error) {
	b.note(line, o.where(line, name), value, err)
}

func (b *builder) note(line int32, where, value string, err error) {
	if len(b.found) > setting.MostMistakes {
		b.unsaid++
		return
	}
	b.found = append(b.found, found{line, setting.Mistake{Where: where, Value: setting.Redact(value), Err: err}})
}

// endList puts the mistakes of a list in the order of its lines.
func (b *builder) endList() {
	slices.SortStableFunc(b.found, func(a, b found) int { return int(a.line) - int(b.line) })
	for _, f := range b.found {
		b.mistakes.Join("", setting.Mistakes{f.mistake})
	}
	b.mistakes.AddCount(b.unsaid)
	b.found, b.unsaid = nil, 0
}

// blame notes a mistake in a field.
func (b *builder) blame(o *Origin, r *row, f field, err error) {
	line := r.at[f]
	if line == 0 {
		line = r.line
	}
	value := r.text[f]
	if rules[f].secret {
		value = ""
	} else if !rules[f].verbatim { // where a regular expression is, an @ is none of a password
		value = hideUser(value)
	}
	if o.table {
		b.blameRow(o, r, f, value, err)
		return
	}
	b.blameAt(o, line, rules[f].name, value, err)
}

// add takes a row into the list, unless there is a mistake in it.
func (b *builder) add(o *Origin, r *row) {
	before := len(b.found)
	for f := range fieldsEnd {
		if !rules[f].verbatim {
			r.text[f] = strings.TrimSpace(r.text[f])
		}
	}
	t := &b.target
	*t = Target{Origin: o, Line: r.line, Name: strings.Clone(r.text[fieldName])}
	url, parts, err := b.readURL(r)
	if err != nil && !r.said {
		b.blame(o, r, fieldURL, err)
	}
	b.readTimes(t, r)
	b.readOptions(o, r, parts)
	if len(b.found) > before || r.said {
		return
	}
	t.URL = strings.Clone(url) // alone, so that it does not keep its whole line in memory
	t.Options = b.options.intern(&b.read)
	if t.ID = r.known.id; !r.known.set {
		b.canonical = t.appendCanonical(b.canonical[:0], parts)
		t.ID = idOf(b.canonical, &b.scratch)
	}
	if o.table {
		b.checkKey(r, *t)
	}
	b.keep(t, r)
}

func (b *builder) readURL(r *row) (string, Parts, error) {
	url, parts, err := r.known.url, r.known.parts, r.known.err
	if !r.known.set {
		url, parts, err = parseURL(r.text[fieldURL], b.bare)
	}
	if err != nil {
		return "", Parts{}, err
	}
	for _, p := range b.protocols {
		if p == parts.Protocol() {
			return url, parts, nil
		}
	}
	allowed := strings.Join(b.protocols, ", ")
	if !strings.Contains(r.text[fieldURL], "://") {
		err = fmt.Errorf("a bare host means %s, but READER_PLUGIN names only %s; want %s://…", b.bare, allowed, b.protocols[0])
	} else {
		err = fmt.Errorf("a target of protocol %s, but READER_PLUGIN names only %s; want it left out, or READER_PLUGIN=probes", parts.Protocol(), allowed)
	}
	return "", parts, err
}

func (b *builder) readTimes(t *Target, r *row) {
	t.Interval, t.Timeout = time.Duration(b.cfg.Interval), time.Duration(b.cfg.Timeout)
	if text := r.text[fieldInterval]; text != "" {
		d, err := b.readInterval(text)
		if err != nil {
			b.blame(t.Origin, r, fieldInterval, err)
		}
		if t.Interval >= 0 { // below zero: one pass for all, whatever the list says
			t.Interval = d
		}
	}
	if text := r.text[fieldTimeout]; text != "" {
		d, err := setting.ParseDuration(text)
		if err == nil {
			err = checkTimeout(d)
		}
		if err != nil {
			b.blame(t.Origin, r, fieldTimeout, err)
		}
		t.Timeout = d
	}
	if t.Interval > 0 {
		t.Timeout = min(t.Timeout, t.Interval/10*9)
	}
}

func (b *builder) readInterval(text string) (time.Duration, error) {
	if text == b.interval.text {
		return b.interval.value, nil
	}
	d, err := setting.ParseDuration(text)
	if err == nil {
		err = checkInterval(d)
	}
	if err != nil {
		return 0, err
	}
	b.interval.text, b.interval.value = text, d
	return d, nil
}

// readOptions checks the fields that are kept in Options, and name, and reads them. parts is zero if the URL could not be
// read.
func (b *builder) readOptions(o *Origin, r *row, parts Parts) {
	options := &b.read
	*options = Options{}
	for f := range fieldsEnd {
		rule, text := &rules[f], r.text[f]
		if text == "" {
			continue
		}
		err := checkText(text)
		if err == nil && parts.Scheme != "" {
			err = rule.applies(parts.Protocol())
		}
		if err == nil && rule.check != nil {
			err = b.check(f, text)
		}
		if err == nil && f == fieldIPFamily {
			err = checkAddressFamily(text, parts.Hostname)
		}
		if err != nil && f != fieldURL { // of the URL all is said already
			b.blame(o, r, f, err)
		}
		if rule.option != nil {
			*rule.option(options) = text
		}
	}
	if options.Regex == "" && parts.Protocol() == HTTP {
		options.Regex = b.regex
	}
}

// check asks a field's rule. Parsing a regular expression costs as much as reading a line, so each is looked at once.
func (b *builder) check(f field, text string) error {
	if f != fieldRegex && f != fieldExpect {
		return rules[f].check(text)
	}
	err, known := b.compiled[text]
	if !known {
		err = rules[f].check(text)
		b.compiled[text] = err
	}
	return err
}
