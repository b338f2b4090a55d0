//go:build linux

// Package field is a field of targets for measuring probes: cheap, so that the probe and not the target is measured, at
// all addresses of 127.0.0.0/8, with a chosen delay or fault, and with a record of its own of when each request came
// and how long it really took.
package field

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is what a field speaks.
type Kind string

// The kinds. HTTP and TCP are served by one thread without a goroutine a connection; HTTPS by crypto/tls.
const (
	HTTP  Kind = "http"
	HTTPS Kind = "https"
	TCP   Kind = "tcp"
)

// Fault is what a field does instead of a good answer.
type Fault string

// The faults.
const (
	None  Fault = ""      // a good answer
	Hang  Fault = "hang"  // takes the connection and never answers
	Reset Fault = "reset" // resets the connection when the request has come
	Error Fault = "500"   // answers 500
	Half  Fault = "half"  // closes in the middle of the answer
)

// Spec is a port at which every address of 127.0.0.0/8 answers.
type Spec struct {
	Kind  Kind
	Port  int
	Delay time.Duration // between the request and its answer; HTTP only
	Fault Fault         // HTTP only
	Close bool          // connections are closed after each answer, whatever the client would like; HTTP only
}

// ParseSpec reads a field as String writes it: kind:port, and then ,delay=50ms, ,fault=hang and ,close as wanted.
func ParseSpec(text string) (f Spec, err error) {
	head, options, _ := strings.Cut(text, ",")
	kind, port, _ := strings.Cut(head, ":")
	f.Kind = Kind(kind)
	if f.Port, err = strconv.Atoi(port); err != nil || f.Port < 1 || f.Port > 65535 {
		return f, fmt.Errorf("field %q: want a kind and a port such as http:18080", text)
	}
	if f.Kind != HTTP && f.Kind != HTTPS && f.Kind != TCP {
		return f, fmt.Errorf("field %q: %q is no kind; want http, https or tcp", text, kind)
	}
	for option := range strings.SplitSeq(options, ",") {
		name, value, _ := strings.Cut(option, "=")
		switch {
		case option == "":
		case f.Kind != HTTP:
			return f, fmt.Errorf("field %q: only http has options", text)
		case name == "delay":
			if f.Delay, err = time.ParseDuration(value); err != nil || f.Delay < 0 {
				return f, fmt.Errorf("field %q: %q is no delay; want one such as 50ms", text, value)
			}
		case name == "fault" && isFault(Fault(value)):
			f.Fault = Fault(value)
		case option == "close":
			f.Close = true
		default:
			return f, fmt.Errorf("field %q: %q is no option; want delay=50ms, close, or fault=hang, reset, 500 or half", text, option)
		}
	}
	return f, nil
}

func isFault(f Fault) bool { return f == Hang || f == Reset || f == Error || f == Half }

// String writes a field as ParseSpec reads it.
func (f Spec) String() string {
	text := fmt.Sprintf("%s:%d", f.Kind, f.Port)
	if f.Delay > 0 {
		text += ",delay=" + f.Delay.String()
	}
	if f.Fault != None {
		text += ",fault=" + string(f.Fault)
	}
	if f.Close {
		text += ",close"
	}
	return text
}

// Farm serves fields until Close.
type Farm struct {
	loop    *loop
	secure  *secure
	records *Records
}

// Open serves the fields. Connections from elsewhere than loopback are closed at once.
func Open(ctx context.Context, fields []Spec, certificate Certificate) (*Farm, error) {
	f := &Farm{records: &Records{}}
	var err error
	if f.loop, err = newLoop(f.records); err != nil {
		return nil, fmt.Errorf("opening the farm: %w", err)
	}
	f.secure = &secure{records: f.records}
	for _, field := range fields {
		if field.Kind == HTTPS {
			err = f.secure.open(ctx, field, certificate)
		} else {
			err = f.loop.listen(field)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening the field %s: %w", field, err), f.Close())
		}
	}
	f.loop.start()
	return f, nil
}

// Records are what was seen so far; read them when the farm is closed.
func (f *Farm) Records() *Records { return f.records }

// Close stops serving and closes all connections.
func (f *Farm) Close() error {
	f.loop.stop()
	return f.secure.close()
}
