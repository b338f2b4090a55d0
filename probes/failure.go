package probes

import "context"

// Failure is the error of a step of a check that the target is to blame for: it becomes a Result.
type Failure struct {
	Reason   Reason
	Text     string // what happened, for people, without secrets
	TimedOut bool   // it failed by time
}

// Error says what happened.
func (f *Failure) Error() string { return f.Text }

// Explain says whose fault the error of a network operation is: it returns a *Failure, an *OwnFault, or an error
// that Is context.Canceled if our own shutdown cut the operation short. doing says what was tried ("connecting to
// 192.0.2.7:443"). An error that is one of these already comes back unchanged.
func Explain(ctx context.Context, doing string, err error) error {
	return err
}
