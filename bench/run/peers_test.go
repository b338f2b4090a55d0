//go:build linux

package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// at is a time of the window whole.
func at(after time.Duration) int64 { return began.Add(after).UnixNano() }

// If this failed, the times or outages of cloudprober would be others than it reports: those before the window too, or
// the lower ends of its ranges, which are better than what it can promise.
func TestCountersOfCloudprober(t *testing.T) {
	line := func(after time.Duration, target string, total, success int, counts string) string {
		return fmt.Sprintf("cloudprober 1795259760957018161 %d labels=ptype=http,probe=farm,dst=%s total=%d success=%d latency=dist:sum:1|count:1|lb:-Inf,50000,51000|bc:%s timeouts=0 resp-code=map:code,200:9\n",
			at(after)/int64(time.Second), target, total, success, counts)
	}
	text := line(-20*time.Second, "a", 10, 0, "0,0,0") + // before the window
		line(-10*time.Second, "a", 20, 10, "0,10,0") + // from here on it counts
		line(0, "a", 22, 11, "0,10,1") +
		line(time.Second, "b", 5, 5, "5,0,0") + // alone in the window: nothing can be told
		fmt.Sprintf("cloudprober 1795259760957018162 %d labels=ptype=sysvars,probe=sysvars goroutines=12\n", at(0)/int64(time.Second)) +
		line(9*time.Second, "a", 26, 15, "1,12,2") +
		line(10*time.Second, "a", 99, 15, "1,12,2") + // behind it
		"cloudprober 1795259760957018163 1767323055 labels=ptype=http,probe=farm,dst=a total=9"
	got, err := countersOf(bufio.NewReader(strings.NewReader(text)), whole)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got.took)
	want := []time.Duration{50 * time.Millisecond, 51 * time.Millisecond, 51 * time.Millisecond, 51 * time.Millisecond, 51 * time.Millisecond}
	if got.checks != 6 || got.down != 1 || !got.least || !slices.Equal(got.took, want) {
		t.Errorf("got %+v, want 6 checks, 1 down, %v", got, want)
	}
}

// If this failed, the times or outages of telegraf would be others than it reports.
func TestMetricsOfTelegraf(t *testing.T) {
	line := func(after time.Duration, fields string) string {
		return fmt.Sprintf("http_response,method=GET,result=success,server=http://127.1.0.0:18080/status %s %d\n", fields, at(after))
	}
	good := `content_length=24i,http_response_code=200i,response_time=0.0505,result_code=0i,result_type="success"`
	text := line(-1, good) + line(0, `result_code=0i,response_time=0.0505`) + line(time.Second, `result_code=4i,result_type="timeout"`) + line(10*time.Second, good) + "http_response,method=GET"
	got, err := metricsOf(bufio.NewReader(strings.NewReader(text)), whole)
	if err != nil || got.checks != 2 || got.down != 1 || !slices.Equal(got.took, []time.Duration{50500 * time.Microsecond}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
