package probes

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Guarded runs a check once and lets only honest results through. The error, if there is one, is an *OwnFault or Is
// context.Canceled:
//
//   - A panic is an *OwnFault with CauseInternal, whose text for the log holds the stack. It ends the check alone.
//   - A result that failed by time while this process was stopped or starved is an *OwnFault with CauseStarved.
//   - So is any other that took a second or more while this process was stopped for a second or more: the time is ours
//     and not the target's, and what seems down may be the server's answer to our silence.
//   - A target that seems down after ctx was cancelled (not: ran out) Is context.Canceled: it was our shutdown that
//     cut the check short.
//
// began is when the time of the check began to run, no later than the call. Without a pulse (nil) no pause is known.
func Guarded(ctx context.Context, pulse *Pulse, began time.Time, check Check) (Result, error) {
	result, err := contain(ctx, check)
	var own *OwnFault
	switch {
	case err == nil && result.Up() && time.Since(began) >= pulseStopped && pulse.Stopped(began):
		return Result{}, &OwnFault{CauseStarved, fmt.Errorf("this process was stopped during a check that took %s", time.Since(began).Round(time.Millisecond))}
	case err == nil && result.Up():
		return result, nil
	case errors.As(err, &own) && own.Cause == CauseInternal:
		return Result{}, own
	case ctx.Err() == context.Canceled || errors.Is(err, context.Canceled):
		return Result{}, fmt.Errorf("the check was cut short: %w", context.Canceled)
	case own != nil:
		return Result{}, own
	case err != nil:
		return Result{}, &OwnFault{CauseInternal, fmt.Errorf("a check returned an error that says nothing of whose fault it is: %w", err)}
	case result.TimedOut && pulse.Paused(began):
		return Result{}, &OwnFault{CauseStarved, fmt.Errorf("this process was stopped or starved during a check that failed by time: %s", result.Error)}
	case time.Since(began) >= pulseStopped && pulse.Stopped(began):
		return Result{}, &OwnFault{CauseStarved, fmt.Errorf("this process was stopped during a check that failed: %s", result.Error)}
	}
	return result, nil
}

// contain runs a check and makes an error of its panic.
func contain(ctx context.Context, check Check) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = Result{}, &OwnFault{CauseInternal, fmt.Errorf("a check panicked: %v\n%s", p, debug.Stack())}
		}
	}()
	return check.Run(ctx)
}
