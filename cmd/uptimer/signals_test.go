//go:build unix

package main

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
)

// If this failed, `timeout 60 uptimer` would end it without its grace in every third run, and nobody would know how
// many events that took: timeout signals its child, and then the group that the child is in. Seen so before signals that
// come together were taken for one: exit code 130.
func TestTheSameSignalTwice(t *testing.T) {
	unhurried.Try(t, func(t testing.TB, times time.Duration) { // on a busy machine the second may be late
		grace := fmt.Sprintf("SHUTDOWN_GRACE=%v", times*700*time.Millisecond)
		p := start(t, []string{"READER_PLUGIN=dummy", "WRITER_PLUGIN=kafka", "KAFKA_BOOTSTRAP_SERVER=127.0.0.1:1", "KAFKA_WRITER_TOPIC=x", grace})
		p.says("waiting for it")
		p.signal(syscall.SIGTERM)
		time.Sleep(20 * time.Millisecond) // two signals at once may be one already in the kernel
		p.signal(syscall.SIGTERM)
		p.exit(exitFailed)
		p.saysOnce("uptimer: 10 events could not be written before the grace ended and were given up")
	})
}
