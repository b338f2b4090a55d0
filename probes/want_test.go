package probes

import (
	"errors"
	"testing"
)

func wantFailure(t *testing.T, err error, want Failure) {
	t.Helper()
	var got *Failure
	if !errors.As(err, &got) {
		t.Errorf("got %T %v, want the failure %q", err, err, want.Text)
		return
	}
	if *got != want {
		t.Errorf("\n got %+v\nwant %+v", *got, want)
	}
}

func wantOwnFault(t *testing.T, err error, want Cause) {
	t.Helper()
	var got *OwnFault
	if !errors.As(err, &got) || got.Cause != want {
		t.Errorf("got %T %v, want an own fault %s", err, err, want)
	}
}
