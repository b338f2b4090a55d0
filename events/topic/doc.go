// Package topic is how events lie on a Kafka topic, and how the brokers are reached: key, value and headers of a
// message, the partition that it belongs to, TLS and SASL, the look at the cluster before anything is read or
// written, and a producer that puts each message on its topic once.
package topic
