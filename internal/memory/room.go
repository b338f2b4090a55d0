package memory

import "runtime/debug"

// Limit is how many bytes this process may use, as far as Go's garbage collector was told: by Tune from the container,
// or by GOMEMLIMIT. Without a limit it is more than any machine has.
func Limit() int64 { return debug.SetMemoryLimit(-1) }

// Buffer is how many bytes may be held of those that were asked for: at most a third of Limit. More would not wait for
// the writer in there, but get the process killed.
func Buffer(asked int64) int64 { return min(asked, Limit()/3) }
