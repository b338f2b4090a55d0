package pages

import "testing"

// If this failed, what was measured would be lost or mixed up.
func TestAListHoldsWhatWasAdded(t *testing.T) {
	var l List[int]
	if l.Len() != 0 {
		t.Errorf("an empty list has %d elements", l.Len())
	}
	const n = 2*pageLength + 7
	for i := range n {
		l.Add(i)
	}
	next := 0
	for got := range l.All() {
		if got != next {
			t.Fatalf("element %d is %d", next, got)
		}
		next++
	}
	if next != n || l.Len() != n {
		t.Errorf("%d elements, Len %d, want %d", next, l.Len(), n)
	}
	for range l.All() {
		break // which a reader may
	}
}
