package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// printer prints the outcomes of checks, a picture or a line of JSON each.
type printer struct {
	out    io.Writer
	errs   io.Writer
	look   look
	asJSON bool
	count  int
	gone   bool // nobody reads what is printed
}

// print prints an outcome and returns the exit code that it calls for. A reader that has seen enough and went is no
// error: the exit code still tells how all checks ended.
func (p *printer) print(t targets.Target, o outcome) (code int, err error) {
	text, code, err := p.text(t, o)
	if err != nil || text == "" || p.gone {
		return code, err
	}
	if _, err = io.WriteString(p.out, text); isGone(err) {
		p.gone, err = true, nil
	}
	return code, err
}

// text is what is printed on standard output.
func (p *printer) text(t targets.Target, o outcome) (text string, code int, err error) {
	switch {
	case o.err != nil && p.asJSON:
		f := faultOf(o.err)
		_, err = fmt.Fprintf(p.errs, "uptimer: %s could not be checked: %s\n", p.look.plain(t.Shown()), p.look.plain(f.text))
		return "", exitNoCheck, err
	case o.err != nil:
		text, code = p.look.fault(t.Shown(), faultOf(o.err)), exitNoCheck
	default:
		v, err := viewOf(o.event)
		if err != nil {
			return "", exitNoCheck, err
		}
		if !v.Up {
			code = exitFailed
		}
		if p.asJSON {
			return string(o.event.JSON()) + "\n", code, nil
		}
		text = p.look.picture(v)
	}
	if p.count++; p.count > 1 {
		text = "\n" + text
	}
	return text, code, nil
}

// fault is why a target could not be checked.
type fault struct {
	cause probes.Cause // empty: the protocol cannot be checked here at all
	text  string
}

func faultOf(err error) fault {
	var own *probes.OwnFault
	if errors.As(err, &own) {
		return fault{own.Cause, oneLine(own.Err)}
	}
	return fault{text: oneLine(err)}
}

// isGone tells whether a write failed because the other end of the pipe was closed.
func isGone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}
