package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// The first SIGUSR1 begins a CPU profile in the file UPTIMER_CPU_PROFILE, the second ends it. Only measuring builds
// have this; see bench/relay.
func init() {
	marks := make(chan os.Signal, 1)
	signal.Notify(marks, syscall.SIGUSR1)
	go func() {
		<-marks
		file, err := os.Create(os.Getenv("UPTIMER_CPU_PROFILE"))
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			panic(err)
		}
		<-marks
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			panic(err)
		}
	}()
}
