package probes

import (
	"errors"
	"net/netip"
)

// NewResult makes the Result of a check that took until watch was stopped, which is now unless it was before. err is
// what it came to: nil means up, a *Failure down. Any other error gives no Result and is returned as it is. details
// must belong to the result alone.
func NewResult(title string, watch *Stopwatch, ip netip.Addr, err error, details any) (Result, error) {
	took := watch.Stop() // else a failure in the middle of a phase would have taken no time
	result := Result{
		Title: title, Began: watch.Began(), Took: took, Timings: watch.Timings,
		IP: ip, Reason: OK, Details: details,
	}
	if err == nil {
		return result, nil
	}
	var failure *Failure
	var own *OwnFault
	if errors.As(err, &own) || !errors.As(err, &failure) {
		return Result{}, err
	}
	result.Reason, result.Error, result.TimedOut = failure.Reason, failure.Text, failure.TimedOut
	return result, nil
}
