// Package share divides a list of targets among the instances of a group, by a Kafka consumer group: the partitions of
// a topic stand for slices of the targets' ids, and those that are assigned to an instance are its share. Nothing is
// ever put on the topic. Each instance reads the whole list by itself; there is no coordinator beside Kafka's.
package share
