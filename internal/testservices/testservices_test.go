package testservices

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// If this failed, a test would be given a database that is not there, or that others use.
func TestADatabaseOfOnesOwn(t *testing.T) {
	first, second := Database(t), Database(t)
	if first == second {
		t.Fatalf("both are %s", first)
	}
	for _, database := range []string{first, second} {
		Exec(t, database, "CREATE TABLE mine (n integer)", "INSERT INTO mine VALUES (1)")
	}
}

func mechanism(t *testing.T, algorithm scram.Algorithm, user, password string) sasl.Mechanism {
	t.Helper()
	m, err := scram.Mechanism(algorithm, user, password)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// If this failed, tests of TLS and of logins would have nothing to test against.
func TestEveryListenerAnswers(t *testing.T) {
	s := Find(t)
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(s.ClientCertFile, s.ClientKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	foreign, own := &tls.Config{RootCAs: roots}, &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
	login := plain.Mechanism{Username: s.KafkaUsername, Password: s.KafkaPassword}
	for _, c := range []struct {
		name, addr string
		tls        *tls.Config
		sasl       sasl.Mechanism
		refused    bool
	}{
		{"plain text", s.KafkaPlaintext, nil, nil, false},
		{"with a certificate", s.KafkaSSL, own, nil, false},
		{"without a certificate", s.KafkaSSL, foreign, nil, true},
		{"PLAIN over TLS", s.KafkaSASLSSL, foreign, login, false},
		{"PLAIN", s.KafkaSASLPlaintext, nil, login, false},
		{"PLAIN, wrong password", s.KafkaSASLPlaintext, nil, plain.Mechanism{Username: s.KafkaUsername, Password: "wrong"}, true},
		{"PLAIN as guest", s.KafkaSASLPlaintext, nil, plain.Mechanism{Username: s.KafkaGuestUsername, Password: s.KafkaGuestPassword}, false},
		{"SCRAM-SHA-256", s.KafkaSASLPlaintext, nil, mechanism(t, scram.SHA256, s.KafkaUsername, s.KafkaPassword), false},
		{"SCRAM-SHA-512 over TLS", s.KafkaSASLSSL, foreign, mechanism(t, scram.SHA512, s.KafkaUsername, s.KafkaPassword), false},
		{"SCRAM-SHA-512 as guest", s.KafkaSASLPlaintext, nil, mechanism(t, scram.SHA512, s.KafkaGuestUsername, s.KafkaGuestPassword), false},
	} {
		transport := &kafka.Transport{TLS: c.tls, SASL: c.sasl, DialTimeout: 5 * time.Second}
		client := kafka.Client{Addr: kafka.TCP(c.addr), Timeout: 10 * time.Second, Transport: transport}
		_, err := client.Metadata(t.Context(), &kafka.MetadataRequest{})
		if c.refused != (err != nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		transport.CloseIdleConnections()
	}
}
