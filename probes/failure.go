package probes

// Failure is the error of a step of a check that the target is to blame for: it becomes a Result.
type Failure struct {
	Reason   Reason
	Text     string // what happened, for people, without secrets
	TimedOut bool   // it failed by time
}

// Error says what happened.
func (f *Failure) Error() string { return f.Text }
