package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// If this failed, a container would be killed because garbage piles up beyond its limit, or none be used that is there.
func TestContainerLimit(t *testing.T) {
	for name, c := range map[string]struct {
		files   map[string]string
		want    int64
		limited bool
	}{
		"no control groups":        {nil, math.MaxInt64, false},
		"version 2":                {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "134217728\n"}, 128 << 20, true},
		"version 2, no limit":      {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, math.MaxInt64, false},
		"the limit of one above":   {map[string]string{"proc/self/cgroup": "0::/a/b/c\n", "sys/fs/cgroup/a/b/c/memory.max": "max\n", "sys/fs/cgroup/a/b/memory.max": "9\n", "sys/fs/cgroup/a/memory.max": "10\n"}, 9, true},
		"a path from outside":      {map[string]string{"proc/self/cgroup": "0::/../../pod/x\n", "sys/fs/cgroup/memory.max": "7\n"}, 7, true},
		"version 1":                {map[string]string{"proc/self/cgroup": "5:cpu,memory:/docker/x\n4:pids:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "8\n"}, 8, true},
		"version 1, no limit":      {map[string]string{"proc/self/cgroup": "5:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, math.MaxInt64, false},
		"what nobody can make out": {map[string]string{"proc/self/cgroup": "what\n0::/\n", "sys/fs/cgroup/memory.max": "a lot\n"}, math.MaxInt64, false},
	} {
		files := fstest.MapFS{}
		for path, text := range c.files {
			files[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, limited := containerLimit(files); got != c.want || limited != c.limited {
			t.Errorf("%s: got %d, %v; want %d, %v", name, got, limited, c.want, c.limited)
		}
	}
}

// If this failed, a million targets would take much more memory than they need, or few much more time.
func TestPercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 800}, {1 << 20, 800}, {64 << 20, 700}, {128 << 20, 300}, {256 << 20, 100}, {512 << 20, 50}, {4 << 30, 50}} {
		if got := percent(c.live, room); got != c.want {
			t.Errorf("%d MiB live: got %d, want %d", c.live>>20, got, c.want)
		}
	}
}

// If this failed, the percentage would stay what it was when little lived, and memory run out.
//
// Seen to fail when nobody follows.
func TestTuneFollowsWhatLives(t *testing.T) {
	runtime.GC() // what lived before this test does not count
	tuned := &Tuner{room: 16 << 20}
	tuned.begin(0)
	defer tuned.Stop()
	if now := inForce(); now != mostPercent {
		t.Errorf("at the start: %d %%", now)
	}
	heap := make([]byte, 32<<20)
	for deadline := time.Now().Add(20 * time.Second); inForce() != leastPercent; time.Sleep(time.Millisecond) {
		runtime.GC()
		if time.Now().After(deadline) {
			t.Fatalf("with 32 MiB alive: %d %%", inForce())
		}
	}
	runtime.KeepAlive(heap)
}

// If this failed, a list would be collected again and again while it is read, or garbage pile up for ever after.
//
// Seen to fail when begin takes mostPercent, when adjust forgets the start, and when Loaded does nothing.
func TestNothingIsCollectedBeforeAllIsLoaded(t *testing.T) {
	runtime.GC() // what lived before this test does not count
	tuned := &Tuner{room: room}
	tuned.begin(256 << 20)
	defer tuned.Stop()
	if got := inForce() * leastHeap / 100; got != 252<<20 {
		t.Errorf("at the start the heap may grow by %d bytes, want 252 MiB", got)
	}
	runtime.GC() // Go does so itself every two minutes
	tuned.adjust()
	if want := 252 << 20 / max(int(live()), leastHeap); inForce()/100 < want-1 {
		t.Errorf("after a collection: %d %%, want more than %d00", inForce(), want-1)
	}
	tuned.Loaded()
	if now := inForce(); now != mostPercent {
		t.Errorf("when all is loaded: %d %%", now)
	}
	tuned.adjust()
	now := inForce()
	tuned.Loaded()
	if inForce() != now {
		t.Errorf("when all is loaded again: %d %%, was %d", inForce(), now)
	}
}

// If this failed, a small machine would be out of memory before anything is collected.
func TestMachine(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "MemFree: 1 kB\n": 0, "MemTotal:       24689888 kB\nMemFree: 1 kB\n": 24689888 << 10, "MemTotal: a lot\n": 0, "MemTotal: -1 kB\n": 0,
	} {
		if got := machine(fstest.MapFS{"proc/meminfo": &fstest.MapFile{Data: []byte(text)}}); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
	if got := machine(fstest.MapFS{}); got != 0 {
		t.Errorf("without the file: %d", got)
	}
}

// inForce is GOGC as it is.
func inForce() int {
	now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	return int(now[0].Value.Uint64())
}

// Events that wait for a writer would get the process killed in a container that is smaller than BUFFER_BYTES, and be
// lost, all of them.
func TestTheBufferHasRoom(t *testing.T) {
	before := debug.SetMemoryLimit(90 << 20)
	defer debug.SetMemoryLimit(before)
	if got := Buffer(256 << 20); got != 30<<20 {
		t.Errorf("of 90 MiB %d bytes are for events", got)
	}
	if got := Buffer(16 << 20); got != 16<<20 {
		t.Errorf("of 16 MiB that were asked for %d bytes are held", got)
	}
}

// If this failed, who sets GOGC or GOMEMLIMIT would not get it, or nobody could see what is in force.
func TestEnvironmentWins(t *testing.T) {
	before, limit := debug.SetGCPercent(77), debug.SetMemoryLimit(-1)
	defer debug.SetGCPercent(before)
	env := map[string]string{"GOGC": "77", "GOMEMLIMIT": "1GiB"}
	tuned := Tune(func(name string) string { return env[name] })
	tuned.Loaded()
	tuned.Stop()
	if inForce() != 77 || debug.SetMemoryLimit(-1) != limit {
		t.Errorf("got %d %%, %d bytes", inForce(), debug.SetMemoryLimit(-1))
	}
	if want := []any{"GOGC", "77", "GOMEMLIMIT", "1GiB"}; !slices.Equal(tuned.Settings(), want) {
		t.Errorf("it says %v, want %v", tuned.Settings(), want)
	}
}
