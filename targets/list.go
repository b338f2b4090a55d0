package targets

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// List is what is to be probed by this instance; or a part of it, see Source.Watch.
type List struct {
	Targets []Target // in the order of the lists: PROBE_URLS, the file, the table. Not to be modified before Watch has taken note of them
	Part    bool     // Targets are those that are new or have changed, Gone those that are no more in the list
	Gone    []uuid.UUID
	Total   int      // targets in all
	Notes   []string // what a user should know but need not change, a line each

	texts []times // of Source.LoadToStore: as the targets say it themselves
}

// times are a target's interval and timeout as written, empty if the environment's are in force.
type times struct{ interval, timeout string }

// keep adds a target to the list, unless it is there already.
func (b *builder) keep(t *Target, r *row) {
	i := b.seen.find(b.list, t.ID)
	if i < 0 && b.beside != nil && b.beside.takes(b, t, t.Origin.table && t.ID == r.id) {
		return
	}
	if i < 0 {
		b.list = append(b.list, *t)
		b.seen.add(b.list)
		if b.texts != nil {
			*b.texts = append(*b.texts, times{b.options.text(r.text[fieldInterval]), b.options.text(r.text[fieldTimeout])})
		}
		return
	}
	first := &b.list[i]
	differs := differences(*first, *t)
	if len(differs) == 0 {
		b.repeats++
		if b.repeated == "" {
			b.repeated = fmt.Sprintf("%s repeats %s", t.Where(""), first.Where(""))
		}
		return
	}
	field, same, want := fieldURL, "the same target as", "want it once, or give one a name"
	if t.Name != "" {
		field, same, want = fieldName, "the same name as", "give one another name"
	}
	b.blame(t.Origin, r, field, fmt.Errorf("%s %s, but it differs in %s; %s", same, first.Where(""), strings.Join(differs, ", "), want))
}

// expect makes room for so many targets.
func (b *builder) expect(targets int) {
	b.list = slices.Grow(b.list, max(targets-len(b.list), 0))
	b.seen.reserve(b.list, targets)
}

// differences names the fields in which two targets with the same id differ. How the URL is spelled is none.
func differences(a, b Target) (fields []string) {
	pa, pb := a.Parts(), b.Parts()
	if string(pa.appendCanonical(nil)) != string(pb.appendCanonical(nil)) {
		fields = append(fields, "url")
	}
	if pa.User.String() != pb.User.String() {
		fields = append(fields, "user or password")
	}
	if a.Interval != b.Interval {
		fields = append(fields, "interval")
	}
	if a.Timeout != b.Timeout {
		fields = append(fields, "timeout")
	}
	for f := range fieldsEnd {
		if option := rules[f].option; option != nil && *option(a.Options) != *option(b.Options) {
			fields = append(fields, rules[f].name)
		}
	}
	return fields
}

// finish is the list of this instance, or the mistakes.
func (b *builder) finish() (*List, error) {
	if len(b.list) == 0 && len(b.mistakes) == 0 && b.cfg.Table == "" { // a table may be filled later
		b.nothing()
	}
	if err := b.mistakes.Err(); err != nil {
		return nil, err
	}
	share, n := b.cfg.share(), 0
	for i := range b.list {
		if share.has(b.list[i].ID) {
			n++
		}
	}
	l := &List{Notes: b.notes(n), Total: n}
	if b.texts != nil { // it is stored, and then forgotten
		l.Targets, l.texts = b.list, *b.texts
		return l, nil
	}
	if n == len(b.list) && cap(b.list)-n <= n/8 {
		l.Targets = b.list
		return l, nil
	}
	l.Targets = make([]Target, 0, n) // little room to spare: it is kept
	for i := range b.list {
		if share.has(b.list[i].ID) {
			l.Targets = append(l.Targets, b.list[i])
		}
	}
	return l, nil
}

func (b *builder) nothing() {
	const example = "want for example PROBE_URLS=https://example.com uptimer"
	if b.cfg.File == "" {
		b.mistakes.Add("PROBE_URLS", "", errors.New("nothing to probe; "+example))
		return
	}
	b.mistakes.Add("PROBE_TARGETS_FILE", b.cfg.File, errors.New("nothing to probe: the list is empty, and PROBE_URLS names nothing; "+example))
}

func (b *builder) notes(mine int) (notes []string) {
	switch {
	case b.repeated == "": // or it is not known which
	case b.repeats == 1:
		notes = append(notes, b.repeated+" in everything: it is checked once")
	case b.repeats > 1:
		notes = append(notes, fmt.Sprintf("%d targets repeat others in everything: each is checked once (the first: %s)", b.repeats, b.repeated))
	}
	if b.strays > 0 {
		notes = append(notes, b.strayNote())
	}
	if mine == 0 && len(b.list) > 0 {
		what := fmt.Sprintf("none of the %d targets belongs", len(b.list))
		if len(b.list) == 1 {
			what = "the only target does not belong"
		}
		notes = append(notes, fmt.Sprintf("%s to this instance (DISTRIBUTED_WORKERS_INDEX=%s of %d)", what, b.cfg.Index, b.cfg.Total))
	}
	return notes
}
