package probes

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/uuid"
)

// If the offset were not the one that is documented, every instance would strike at other times than it says, and
// a restart by another version would change the rhythm of all targets. The numbers were worked out by another
// language's uuid and big integers.
func TestRhythmIsTheDocumentedOne(t *testing.T) {
	id := uuid.MustParse("33ea95eb-a074-5116-9fe6-169dc42ac750")
	for _, c := range []struct {
		location string
		offset   int64
	}{
		{"", 2_027_982_425},       // 10 s × 0x33ea95eba0745116 / 2⁶⁴
		{"fra1", 307_785_078},     // of UUIDv5(id, "fra1") = 07e119ac-d0dc-54bd-95db-0c25491faa18
		{"nyc3", 4_246_504_359},   // another location, another time
		{"Nyc3", 4_405_690_135},   // the text as it is
		{"fra1 ", 5_407_363_838},  // white space too
		{"Zürich", 4_040_871_351}, // in UTF-8
	} {
		if r := newRhythm(10*time.Second, id, c.location); r.offset != c.offset || r.interval != 10e9 {
			t.Errorf("location %q: offset %d, interval %d; want offset %d", c.location, r.offset, r.interval, c.offset)
		}
	}
}

// A slot that is left out or comes twice is a check too few or too many.
func TestSlotsFollowEachOther(t *testing.T) {
	follows := func(seconds uint16, id uuid.UUID, at uint32) bool {
		r := newRhythm(time.Duration(seconds)*time.Second+time.Millisecond, id, "")
		now := int64(at) * 1e9
		next := r.after(now)
		return next > now && next-now <= r.interval && (next-r.offset)%r.interval == 0 &&
			r.after(next) == next+r.interval && r.from(next) == next && r.after(next-1) == next &&
			r.count(next-1, next) == 1 && r.count(next, next) == 0 && r.count(next, next+5*r.interval) == 5 &&
			r.count(next, next-1) == 0
	}
	if err := quick.Check(follows, nil); err != nil {
		t.Error(err)
	}
}

// A timeline that loses a task never checks that target again.
//
// Seen to fail when a lane takes what is due before its end.
func TestTimelineGivesTasksInOrder(t *testing.T) {
	var l timeline
	var want []int64
	tasks := make([]task, 5000)
	for i := range tasks {
		tasks[i].due = unplanned
		due, plan := rand.Int64N(1000), l.plan
		if i%2 == 0 {
			plan = l.planNext
		}
		plan(&tasks[i], due+5)
		if i%3 == 0 {
			due -= 7 // planned anew
			plan(&tasks[i], due)
		} else {
			due += 5
		}
		want = append(want, due)
	}
	slices.Sort(want)
	var got []int64
	for task, due := l.pop(2000); task != nil; task, due = l.pop(2000) {
		got = append(got, due)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d tasks, want %d in order", len(got), len(want))
	}
	if task, _ := l.pop(1 << 60); task != nil || l.all != 0 {
		t.Error("the timeline is not empty")
	}
}

// A queue that loses or swaps tasks is unfair to those that wait.
func TestQueueIsFirstInFirstOut(t *testing.T) {
	var q queue
	tasks := make([]task, 20_000)
	in, out := 0, 0
	for out < len(tasks) {
		for range rand.IntN(300) {
			if in < len(tasks) {
				q.push(&tasks[in])
				in++
			}
		}
		for range rand.IntN(300) {
			if q.len() > 0 {
				if q.pop() != &tasks[out] {
					t.Fatalf("task %d is not next", out)
				}
				out++
			}
		}
	}
	if q.len() != 0 {
		t.Errorf("%d are left", q.len())
	}
}

// A million targets would take the processor from the checks if each place cost more the more there are; what has to be
// sorted anew for each check does.
//
// Seen to fail with one lane, with a lane that is never found again, with one that forgets its stretches but the last, and
// when the heap keeps its room.
func TestTasksOfEachIntervalFindTheirLane(t *testing.T) {
	var l timeline
	tasks := make([]task, 12_000)
	interval := func(i int) int64 { return []int64{10, 30, 60}[i%3] * int64(time.Second) }
	l.reserve(len(tasks))
	for i := range tasks {
		tasks[i].due = unplanned
		l.plan(&tasks[i], 1+rand.Int64N(interval(i)))
		tasks[i].rhythm.interval = interval(i)
	}
	last := int64(0)
	for last < 5*60*int64(time.Second) {
		task, due := l.pop(math.MaxInt64)
		if due < last {
			t.Fatalf("%d after %d", due, last)
		}
		last = due
		l.planNext(task, due+int64(1e6)) // the end of its wait, often planned and dropped
		l.planNext(task, due+task.rhythm.interval)
	}
	if n := len(l.heap); n > len(tasks)/100 || cap(l.heap) > smallHeap {
		t.Errorf("%d of %d tasks have no lane after five minutes, and there is room for %d", n, len(tasks), cap(l.heap))
	}
}
