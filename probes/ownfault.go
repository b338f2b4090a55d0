package probes

// OwnFault is the error of a check that could not be made because of this process or machine. It is counted by
// its cause and makes no event.
type OwnFault struct {
	Cause Cause
	Err   error
}

// Error says what was missing.
func (f *OwnFault) Error() string { return string(f.Cause) + ": " + f.Err.Error() }

// Unwrap returns what was missing.
func (f *OwnFault) Unwrap() error { return f.Err }

// Cause is the label of an own fault in uptimer_own_faults_total.
type Cause string

// The causes of own faults.
const (
	CauseResolver    Cause = "resolver"    // our resolver has answered nobody for a while
	CauseDescriptors Cause = "descriptors" // no file descriptors left
	CauseBuffers     Cause = "buffers"     // no memory or socket buffers left
	CausePorts       Cause = "ports"       // no free local port
	CauseRoute       Cause = "route"       // no address or route of that family here
	CausePermission  Cause = "permission"  // this machine forbids it
	CauseProxy       Cause = "proxy"       // the proxy cannot be reached
	CauseStarved     Cause = "starved"     // this process was stopped or starved meanwhile
	CauseInternal    Cause = "internal"    // a defect of uptimer itself
)
