//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// count is one line of the verdict: how many there are of something, and those that should not be.
type count struct {
	what  string
	of    int // 0: does not apply
	wrong []string
}

// counts are all that must be nothing.
func (t *tally) counts() []count {
	valid := len(t.produced) + len(t.sent)
	return []count{
		{"valid events on the topic that are not in Postgres", valid, ids(t.produced, t.missing, t.sent)},
		{"events that are in Postgres more than once", len(t.rows), ids(t.rows, many)},
		{"rows in Postgres that were never on the topic", len(t.rows), ids(t.rows, func(id uuid.UUID, _ int) bool { return t.produced[id]+t.sent[id] == 0 })},
		{"events called acknowledged that are not on the topic", len(t.acknowledged), ids(t.acknowledged, func(id uuid.UUID, _ int) bool { return t.produced[id] == 0 })},
		{"events that a producer put on the topic more than once", len(t.produced), ids(t.produced, many)},
		{"events on the topic behind a later one of their target", len(t.produced), texts(t.disorder)},
		{"poison messages that are not among the dead letters", len(t.poison), t.unburied()},
		{"dead letters of messages that were no poison", len(t.letters), t.buriedAlive()},
		{"dead letters that are not what the message was", total(t.letters), texts(t.changed)},
		{"targets whose state is not that of their newest check", 0, t.stale},
		{"messages on the topic from nobody knows whom", t.messages, texts(t.strange)},
		{"processes that ended by themselves, or not as they should", 0, t.failures},
	}
}

func many(_ uuid.UUID, times int) bool { return times > 1 }

func (t *tally) missing(id uuid.UUID, _ int) bool { return t.rows[id] == 0 }

// ids are those for which it is true, in order.
func ids(in map[uuid.UUID]int, is func(uuid.UUID, int) bool, more ...map[uuid.UUID]int) (list []string) {
	for _, m := range append(more, in) {
		for id, times := range m {
			if is(id, times) {
				list = append(list, id.String())
			}
		}
	}
	slices.Sort(list)
	return list
}

func texts[T any](in []T) (list []string) {
	for _, one := range in {
		list = append(list, fmt.Sprint(one))
	}
	return list
}

func (t *tally) unburied() (list []string) {
	for at, m := range t.poison {
		if t.letters[at] == 0 {
			list = append(list, fmt.Sprintf("%s %v", m.header(mark), at))
		}
	}
	slices.Sort(list)
	return list
}

func (t *tally) buriedAlive() (list []string) {
	for at := range t.letters {
		if _, is := t.poison[at]; !is {
			list = append(list, at.String())
		}
	}
	slices.Sort(list)
	return list
}

func (p place) String() string { return fmt.Sprintf("partition %d offset %d", p.partition, p.offset) }

// shown is how many of those that should not be are printed.
const shown = 10

var errBroken = errors.New("the promise is broken")

// verdict is an error that names what is lost, doubled or out of order.
func (t *tally) verdict() error {
	var errs []error
	for _, c := range t.counts() {
		if n := len(c.wrong); n > 0 {
			errs = append(errs, fmt.Errorf("%d %s:\n  %s", n, c.what, strings.Join(c.wrong[:min(n, shown)], "\n  ")))
		}
	}
	if errs != nil {
		return fmt.Errorf("%w\n%w", errBroken, errors.Join(errs...))
	}
	return nil
}

// table is all counts, in Markdown.
func (t *tally) table() string {
	var b strings.Builder
	b.WriteString("\n| fault | times |\n|---|---:|\n")
	for _, k := range uniqueKinds() {
		fmt.Fprintf(&b, "| %s | %d |\n", k.name, t.faults[k])
	}
	fmt.Fprintf(&b, "| poison messages, of %d kinds | %d |\n", len(t.poisonKinds()), len(t.poison))
	b.WriteString("\n| seen | count |\n|---|---:|\n")
	line := func(what string, n int) { fmt.Fprintf(&b, "| %s | %d |\n", what, n) }
	line("messages on the topic", t.messages)
	line("events that producers put there", len(t.produced))
	line("of these, called acknowledged in a producer's log", len(t.acknowledged))
	line("valid events from elsewhere", len(t.sent))
	line("rows in Postgres", total(t.rows))
	line("events stored again and absorbed, at least", t.repeats)
	line("dead letters", total(t.letters))
	line("of these, for a message that has one already", total(t.letters)-len(t.letters))
	b.WriteString("\n| must be 0 | count | of |\n|---|---:|---:|\n")
	for _, c := range t.counts() {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", c.what, len(c.wrong), c.of)
	}
	b.WriteString("\n")
	return b.String()
}

func (t *tally) poisonKinds() map[string]bool {
	names := map[string]bool{}
	for _, m := range t.poison {
		names[m.header(mark)] = true
	}
	return names
}

func total[K comparable](in map[K]int) (n int) {
	for _, times := range in {
		n += times
	}
	return n
}

// uniqueKinds are all kinds, each once, in their order.
func uniqueKinds() []*kind { return append(slices.Compact(slices.Clone(kinds)), lockTable) }
