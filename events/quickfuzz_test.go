package events

import (
	"reflect"
	"testing"
)

// agrees holds the fast path to the library: what it takes, the library takes for the same event. It tells whether
// the fast path took data.
func agrees(t *testing.T, c *Catalog, data []byte) bool {
	t.Helper()
	quick, ok := c.accept(data)
	if again, taken := c.accept(data); taken != ok || !reflect.DeepEqual(again, quick) { // now that its order is known
		t.Fatalf("%q is taken for\n%+v, %t, and then for\n%+v, %t", data, quick, ok, again, taken)
	}
	if !ok {
		return false
	}
	judged, err := c.judged(data)
	if err != nil {
		t.Fatalf("%q is taken, but %v", data, err)
	}
	if !reflect.DeepEqual(quick, judged) {
		t.Fatalf("%q is taken for\n%+v, but it is\n%+v", data, quick, judged)
	}
	return true
}

// seeds are events, right and broken.
func seeds(t testing.TB, c *Catalog) (list [][]byte) {
	t.Helper()
	for _, title := range c.Titles() {
		if title == "OddEvent" {
			list = append(list, []byte(oddEvent))
		} else if c.Concrete(title) {
			for _, example := range examples(t, title) {
				list = append(list, example)
			}
		}
	}
	return list
}

// If this failed, the fast path would let an event through that is none, or read something else in it than the
// library does. (Seen to fail, this or the test below, when the acceptor left out, one at a time: keys that are there
// twice, known or not, also in objects inside each other; required fields; unknown fields; minimum; maximum; types;
// whole numbers; enums; patterns; formats; lengths; halves of surrogate pairs; the length, exponent and leading zeros
// of numbers; depth; UTF-8; control characters; escapes in what is reported or has a pattern; what follows the event.)
func FuzzQuick(f *testing.F) {
	c := odd(f, oddSchema)
	for i, seed := range seeds(f, c) {
		f.Add(seed, uint64(i))
	}
	for i, b := range brokenEvents(f) {
		f.Add(b.text(f), uint64(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		agrees(t, c, data)
		if len(data) < 1<<16 && checkText(data) == nil && depth(data) <= maxDepth {
			agrees(t, c, mutated(data, seed))
		}
	})
}

// If this failed, see FuzzQuick. The events are made anew on every run of the tests, and stay near the right ones:
// more than a tenth are taken.
func TestQuickAgreesWithTheLibrary(t *testing.T) {
	c := odd(t, oddSchema)
	taken, all := 0, 0
	for _, event := range seeds(t, c) {
		for seed := range uint64(1000) {
			if agrees(t, c, mutated(event, seed)) {
				taken++
			}
			all++
		}
	}
	t.Logf("%d of %d taken", taken, all)
	if taken*10 < all {
		t.Errorf("%d of %d events were taken, too few to show anything", taken, all)
	}
}
