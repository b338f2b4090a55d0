package main

import (
	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/probes"
	httpprobe "github.com/uptimer/uptimer/probes/http"
	icmpprobe "github.com/uptimer/uptimer/probes/icmp"
	tcpprobe "github.com/uptimer/uptimer/probes/tcp"
	dummyreader "github.com/uptimer/uptimer/readers/dummy"
	kafkareader "github.com/uptimer/uptimer/readers/kafka"
	kafkawriter "github.com/uptimer/uptimer/writers/kafka"
	postgreswriter "github.com/uptimer/uptimer/writers/postgres"
	stdoutwriter "github.com/uptimer/uptimer/writers/stdout"
)

// The plugins of this build, by kind. A test compares the lists with the folders.
var (
	probePlugins = []plugin.Plugin[probes.Probe]{
		httpprobe.Plugin,
		tcpprobe.Plugin,
		icmpprobe.Plugin,
	}
	readerPlugins = []plugin.Plugin[events.Reader]{
		dummyreader.Plugin,
		kafkareader.Plugin,
	}
	writerPlugins = []plugin.Plugin[events.Writer]{
		stdoutwriter.Plugin,
		kafkawriter.Plugin,
		postgreswriter.Plugin,
	}
)
