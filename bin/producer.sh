#!/bin/sh
# Checks the targets and puts the events on a Kafka topic. Any number of producers may run: share the targets between them
# with DISTRIBUTED_WORKERS_*. Settings come from configuration.env, if it is there, and from the environment, which goes
# first; READER_PLUGIN and WRITER_PLUGIN are what makes a producer, so they are set here.
set -eu
# shellcheck source=bin/common.sh
. "$(dirname -- "$0")/common.sh"

need "$targets" KAFKA_BOOTSTRAP_SERVER KAFKA_WRITER_TOPIC
export READER_PLUGIN=probes WRITER_PLUGIN=kafka
start
