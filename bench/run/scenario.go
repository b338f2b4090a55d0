//go:build linux

package main

import (
	"time"
)

// scenario is what is measured, and what must hold.
type scenario struct {
	name     string
	says     string
	kind     string        // http, keepalive, https, tcp or icmp
	rate     int           // checks a second
	interval time.Duration // of each target; there are rate × interval targets
	duration time.Duration
	delay    time.Duration // of the answer
	hanging  int           // so many of the targets take the connection and never answer
	disturb  disturbance   // what happens meanwhile
	alone    bool          // there is nothing to compare with a bare client
	dialed   string        // the kind of a second bare client
	sink     sink
	climb    int  // by how much the rate grows until the bounds are not kept; 0: it stays
	peers    bool // it is compared with other probers, as far as they are installed
	bounds   bounds
}

// sink is where events go.
type sink int

// The sinks.
const (
	toStdout      sink = iota
	toKafka            // a topic
	toPostgres         // a topic, and from there through a consumer into a database
	fromFullTopic      // only the second part of that: the events wait on the topic when the consumer begins
)

var scenarios = []scenario{
	{
		name: "million", says: "a million checks a minute, fresh connections", kind: "http",
		rate: 16_667, interval: 10 * time.Second, duration: 3 * time.Minute,
		bounds: bounds{ratio: 1.3, late: 50 * time.Millisecond},
	},
	{
		name: "stretch", says: "20,000 a second", kind: "http",
		rate: 20_000, interval: 10 * time.Second, duration: time.Minute, bounds: bounds{late: 50 * time.Millisecond},
	},
	{
		name: "clean", says: "15,000 a second", kind: "http",
		rate: 15_000, interval: 10 * time.Second, duration: time.Minute, bounds: bounds{late: 50 * time.Millisecond},
	},
	{
		name: "schedule", says: "1,000 a second, which leaves the machine time: the rhythm", kind: "http",
		rate: 1000, interval: 10 * time.Second, duration: time.Minute,
		bounds: bounds{late: 50 * time.Millisecond, exact: 20 * time.Millisecond, even: 3},
	},
	{
		name: "delay50", says: "5,000 a second of targets that take 50 ms", kind: "http",
		rate: 5000, interval: 10 * time.Second, duration: time.Minute, delay: 50 * time.Millisecond,
		bounds: bounds{error: 2 * time.Millisecond},
	},
	{
		name: "peers", says: "beside other probers: 5,000 a second of targets that take 50 ms", kind: "http", peers: true,
		rate: 5000, interval: time.Second, duration: 30 * time.Second, delay: 50 * time.Millisecond,
	},
	{
		name: "peers15", says: "beside other probers: 15,000 a second", kind: "http", peers: true,
		rate: 15_000, interval: time.Second, duration: 30 * time.Second,
	},
	{
		name: "peersmost", says: "beside other probers: 40,000 a second are asked for", kind: "http", peers: true,
		rate: 40_000, interval: time.Second, duration: 30 * time.Second,
	},
	{
		name: "keepalive", says: "10,000 a second on 10,000 kept connections", kind: "keepalive",
		rate: 10_000, interval: time.Second, duration: 30 * time.Second, // twice the targets are more than 20,000 descriptors
	},
	{
		name: "https", says: "2,000 handshakes a second", kind: "https",
		rate: 2000, interval: 10 * time.Second, duration: 30 * time.Second, bounds: bounds{ratio: 1.15},
	},
	{
		name: "tcp", says: "10,000 connects a second", kind: "tcp",
		rate: 10_000, interval: 10 * time.Second, duration: 30 * time.Second, bounds: bounds{ratio: 1.25},
	},
	{
		name: "icmp", says: "10,000 echoes a second", kind: "icmp",
		dialed: "icmp-dialed",
		rate:   10_000, interval: 10 * time.Second, duration: 30 * time.Second, bounds: bounds{ratio: 1.35},
	},
	{
		name: "targets", says: "a million targets, each once a minute", kind: "http", alone: true,
		rate: 16_667, interval: time.Minute, duration: 150 * time.Second,
		bounds: bounds{late: 50 * time.Millisecond, memory: 800 << 20, further: 700, first: 2 * time.Second},
	},
	{
		name: "stopped", says: "the process is stopped for 5 s", kind: "http", alone: true, delay: 50 * time.Millisecond,
		rate: 5000, interval: 10 * time.Second, duration: 40 * time.Second, disturb: stopped,
		bounds: bounds{missed: true, ownFaults: true},
	},
	{
		name: "busy", says: "two other programs want all of the machine", kind: "http", alone: true, delay: 50 * time.Millisecond,
		rate: 5000, interval: 10 * time.Second, duration: 40 * time.Second, disturb: busy,
		bounds: bounds{missed: true},
	},
	{
		name: "pause", says: "the reader of standard output stops for 10 s", kind: "http", alone: true,
		rate: 5000, interval: 10 * time.Second, duration: 40 * time.Second, disturb: paused,
		bounds: bounds{memory: 600 << 20},
	},
	{
		name: "hanging", says: "2,000 targets never answer, beside 3,000 good ones", kind: "http", alone: true,
		rate: 500, interval: 10 * time.Second, duration: 60 * time.Second, hanging: 2000,
		bounds: bounds{late: 50 * time.Millisecond, error: 2 * time.Millisecond},
	},
	{
		name: "overload", says: "40,000 a second are asked for", kind: "http", alone: true,
		rate: 40_000, interval: 5 * time.Second, duration: 60 * time.Second,
		bounds: bounds{missed: true, fair: 0.5},
	},
	{
		name: "relief", says: "40,000 a second are asked for, and then 10,000", kind: "http", alone: true,
		rate: 10_000, interval: 5 * time.Second, duration: 60 * time.Second, disturb: relieved,
		bounds: bounds{late: 50 * time.Millisecond},
	},
	{
		name: "kafka", says: "events to a topic", kind: "http", sink: toKafka,
		rate: 10_000, interval: 5 * time.Second, duration: 30 * time.Second, bounds: bounds{late: 50 * time.Millisecond},
	},
	{
		name: "consumer", says: "events that wait on a topic, into PostgreSQL", kind: "http", alone: true, sink: fromFullTopic,
		rate: 10_000, interval: time.Second, duration: 30 * time.Second, bounds: bounds{rate: 25_000},
	},
	{
		name: "pipeline", says: "the highest rate that lasts, over a topic into PostgreSQL", kind: "http", alone: true, sink: toPostgres,
		rate: 10_000, climb: 2000, interval: 5 * time.Second, duration: 3 * time.Minute,
		bounds: bounds{rate: 9_950, keepsUp: true}, // of 10,000: the counts at both ends are some milliseconds off
	},
}

func namesOf(list []scenario) (names []string) {
	for _, s := range list {
		names = append(names, s.name)
	}
	return names
}

// settles is when every target is at its slots: a target is first checked within an interval, and leaves out a slot that
// is nearer than half an interval after that.
func (s scenario) settles() time.Duration { return s.interval*3/2 + aside }

// shortest is how long a run must be to say anything: of the rhythm only two checks of each target do.
func (s scenario) shortest() time.Duration {
	d := s.settles() + aside + time.Second
	if s.bounds.even > 0 || s.bounds.exact > 0 {
		d += 2 * s.interval
	}
	return d
}

// targets is how many there are.
func (s scenario) targets() int { return int(float64(s.rate) * s.interval.Seconds()) }

// needsServers tells whether Kafka and PostgreSQL are needed.
func (s scenario) needsServers() bool { return s.sink != toStdout }
