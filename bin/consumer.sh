#!/bin/sh
# Reads events from a Kafka topic and stores them in PostgreSQL, where `uptimer migrate` has made the tables. Any number of
# consumers may run: the group shares the partitions. Settings come from configuration.env, if it is there, and from the
# environment, which goes first; READER_PLUGIN and WRITER_PLUGIN are what makes a consumer, so they are set here.
set -eu
# shellcheck source=bin/common.sh
. "$(dirname -- "$0")/common.sh"

need KAFKA_BOOTSTRAP_SERVER KAFKA_READER_TOPIC DATABASE_URL
export READER_PLUGIN=kafka WRITER_PLUGIN=postgres
start
