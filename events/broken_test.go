package events

import "testing"

// If this failed, whoever looks into the dead letters would not be told which field of an event is wrong and what
// would be right, or would be told it in other words each time, so that equal faults could not be counted. (Seen to
// fail on the first run when the sorting in explain was taken out.)
func TestBrokenEventsAreExplained(t *testing.T) {
	table := brokenEvents(t)
	if len(table) < 35 {
		t.Fatalf("%d broken events, want at least 35", len(table))
	}
	files, err := chosenFiles()
	if err != nil {
		t.Fatal(err)
	}
	for run := range 3 {
		fresh, err := NewCatalog(files)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range table {
			for range 3 {
				if _, err := fresh.Parse(b.text(t)); err == nil {
					t.Errorf("%s: was taken for an event, want the error\n  %s", b.Name, b.Error)
				} else if err.Error() != b.Error {
					t.Errorf("run %d: %s:\n got %s\nwant %s", run, b.Name, err, b.Error)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}
