package topic

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// find makes a cluster of a Config and looks for it.
func find(t testing.TB, c Config, log *slog.Logger) error {
	t.Helper()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cluster, err := Open(c, log)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	cluster.certain, cluster.pause = time.Second, 200*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), topictest.Patience)
	defer cancel()
	return cluster.Find(ctx)
}

// at is a Config with defaults.
func at(broker string) Config {
	return Config{Brokers: setting.Words{broker}, CheckName: true, Mechanism: "PLAIN"}
}

// If this failed, whoever gives a wrong certificate, name or password would be told "unexpected EOF", or nothing. A
// real broker.
func TestWhyARealBrokerRefuses(t *testing.T) {
	t.Parallel()
	s := testservices.Find(t)
	foreign := topictest.Authority(t)
	login := func(c Config, mechanism, user, password string) Config {
		c.Mechanism, c.User, c.Password = mechanism, user, setting.Secret(password)
		return c
	}
	trusting := func(c Config) Config {
		c.CAFile = s.CAFile
		return c
	}
	withCert := func(c Config, cert, key string) Config {
		c.CertFile, c.KeyFile = cert, key
		return c
	}
	own := withCert(trusting(at(s.KafkaSSL)), s.ClientCertFile, s.ClientKeyFile)
	for name, c := range map[string]struct {
		config Config
		want   string // empty: not refused
	}{
		"plain text":                   {at(s.KafkaPlaintext), ""},
		"TLS with our certificate":     {own, ""},
		"PLAIN over TLS":               {login(trusting(at(s.KafkaSASLSSL)), "PLAIN", s.KafkaUsername, s.KafkaPassword), ""},
		"PLAIN":                        {login(at(s.KafkaSASLPlaintext), "PLAIN", s.KafkaUsername, s.KafkaPassword), ""},
		"SCRAM-SHA-256":                {login(at(s.KafkaSASLPlaintext), "SCRAM-SHA-256", s.KafkaUsername, s.KafkaPassword), ""},
		"SCRAM-SHA-512 over TLS":       {login(trusting(at(s.KafkaSASLSSL)), "SCRAM-SHA-512", s.KafkaUsername, s.KafkaPassword), ""},
		"wrong password, PLAIN":        {login(at(s.KafkaSASLPlaintext), "PLAIN", s.KafkaUsername, "wrong"), "does not accept user name and password"},
		"wrong password, SCRAM":        {login(trusting(at(s.KafkaSASLSSL)), "SCRAM-SHA-512", s.KafkaUsername, "wrong"), "does not accept user name and password"},
		"wrong user, SCRAM":            {login(at(s.KafkaSASLPlaintext), "SCRAM-SHA-256", "nobody", "wrong"), "does not accept user name and password"},
		"another authority":            {withCert(func() Config { c := own; c.CAFile = foreign.CAFile; return c }(), s.ClientCertFile, s.ClientKeyFile), "a certificate that none of our authorities has signed (see KAFKA_SSL_CAFILE)"},
		"no certificate of ours":       {trusting(at(s.KafkaSSL)), "wants a certificate of ours (set KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE)"},
		"a foreign certificate":        {withCert(trusting(at(s.KafkaSSL)), foreign.CertFile, foreign.KeyFile), "does not accept our certificate (see KAFKA_SSL_CERTFILE)"},
		"no TLS where there is":        {at(s.KafkaSSL), "speaks TLS at this port"},
		"TLS where there is none":      {trusting(at(s.KafkaPlaintext)), "may not speak TLS at this port"},
		"no login where there is":      {at(s.KafkaSASLPlaintext), "may want TLS, or a user name"},
		"login where there is none":    {login(at(s.KafkaPlaintext), "PLAIN", "me", "secret"), "wants no user name at this port"},
		"login and TLS where only TLS": {login(own, "PLAIN", "me", "secret"), "wants no user name at this port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			err := find(t, c.config, nil)
			var refused *Refused
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want == "":
			case !errors.As(err, &refused) || !errors.Is(err, events.ErrRefused) || !strings.Contains(err.Error(), c.want):
				t.Errorf("%v\nwant a refusal with %q", err, c.want)
			case time.Since(began) > 15*time.Second:
				t.Errorf("it took %v, want 15 s at most", time.Since(began))
			default:
				t.Log(err)
			}
			if err != nil && (strings.Contains(err.Error(), s.KafkaPassword) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("a secret or a line break in %q", err)
			}
		})
	}
}

// If this failed, a certificate for another name would be taken, or one could not tell why it is not.
func TestTheHostNameIsChecked(t *testing.T) {
	t.Parallel()
	s := testservices.Find(t)
	_, port, _ := net.SplitHostPort(s.KafkaSASLSSL)
	other := at("127.0.0.2:" + port) // the certificate is for 127.0.0.1, ::1 and localhost
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("no 127.0.0.2 here")
	}
	defer listener.Close()
	topictest.Forward(t, listener, s.KafkaSASLSSL)
	other.Brokers = setting.Words{listener.Addr().String()}
	other.CAFile, other.User, other.Password = s.CAFile, s.KafkaUsername, setting.Secret(s.KafkaPassword)
	if err := find(t, other, nil); err == nil || !strings.Contains(err.Error(), "has a certificate for another host name") {
		t.Errorf("%v, want a refusal for the host name", err)
	} else {
		t.Log(err)
	}
	other.CheckName = false
	if err := find(t, other, nil); err != nil {
		t.Errorf("KAFKA_SSL_CHECK_HOSTNAME=false: %v", err)
	}
	other.CAFile = topictest.Authority(t).CAFile
	if err := find(t, other, nil); err == nil || !strings.Contains(err.Error(), "none of our authorities has signed") {
		t.Errorf("KAFKA_SSL_CHECK_HOSTNAME=false and a foreign authority: %v, want a refusal: only the name is not looked at", err)
	}
}

// If this failed, a broker that says it is somewhere else would look like one that is down, for ever.
func TestAWrongAdvertisedAddressIsNamed(t *testing.T) {
	t.Parallel()
	err := find(t, at(topictest.Misadvertised(t)), nil)
	if err == nil || !errors.Is(err, events.ErrRefused) || !strings.Contains(err.Error(), "advertised.listeners") {
		t.Errorf("%v, want a refusal with advertised.listeners", err)
	}
}

// If this failed, a broker that is away would be an error, be waited for in silence, or fill the log.
func TestABrokerThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddrPort(servertest.FreeAddress(t))
	var log topictest.Log
	found := make(chan error, 1)
	go func() { found <- find(t, at(addr.String()), log.Logger()) }()
	unhurried.Until(t, "the log says so", func() bool { return strings.Contains(log.String(), "Kafka cannot be reached") })
	time.Sleep(time.Second)
	topictest.Brokers(t, kfake.NumBrokers(1), kfake.Ports(int(addr.Port())))
	if err := <-found; err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "connection refused") || !strings.Contains(text, "Kafka can be reached") {
		t.Errorf("the log says\n%s", text)
	}
}
