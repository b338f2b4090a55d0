package main

import (
	"context"
	"io"
	"sync"
)

// interruptible reads from r until ctx ends, even while a read of r waits for somebody to write. That read, and its
// goroutine, are left behind then: the process is about to end. Nothing is read before the first Read.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &interrupted{ctx: ctx, from: r}
}

type interrupted struct {
	ctx   context.Context //nolint:containedctx // io.Reader has no place for it
	from  io.Reader
	begin sync.Once
	pipe  *io.PipeReader
}

// Read reads as the reader behind it does.
func (i *interrupted) Read(b []byte) (int, error) {
	i.begin.Do(func() {
		out, in := io.Pipe()
		i.pipe = out
		stop := context.AfterFunc(i.ctx, func() { _ = in.CloseWithError(context.Cause(i.ctx)) })
		go func() {
			defer stop()
			_, err := io.Copy(in, i.from)
			_ = in.CloseWithError(err) // nil is the end of the file
		}()
	})
	return i.pipe.Read(b)
}
