package plugin

// Observer is told what plugins do that neither their events nor the pipeline show, to count it. Its methods are called
// from many goroutines, and return at once.
type Observer interface {
	// DeadLetters are messages that a reader has put aside for good, because they are no events or cannot be stored.
	DeadLetters(messages int)
	// Expired are events that a writer has acknowledged and not stored, because they are older than what it keeps.
	Expired(writer string, events int)
	// Lag begins to tell how many messages of a partition are not stored yet. A reader calls it when the partition
	// becomes its own, then set as often as it knows, and end when the partition is not its own any more. Where another
	// reader of the process has begun to tell the same meanwhile, only that one is listened to.
	Lag(topic string, partition int) (set func(messages int64), end func())
}

// Observed is the Observer, or one that does not look.
func (h Host) Observed() Observer {
	if h.Observer == nil {
		return nobody{}
	}
	return h.Observer
}

type nobody struct{}

func (nobody) DeadLetters(int)                               {}
func (nobody) Expired(string, int)                           {}
func (nobody) Lag(string, int) (set func(int64), end func()) { return func(int64) {}, func() {} }
