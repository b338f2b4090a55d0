// Uptimer checks whether network endpoints are up.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

// run is main with an exit code, so that deferred calls are made.
func run() int {
	// Go would end the process at a closed stdout, with events in hand; the writer handles it.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := untilSignal(context.Background())
	defer stop()
	hups, stopHups := reloads()
	defer stopHups()
	a := &app{environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, hups: hups}
	return a.execute(ctx, os.Args[1:])
}
