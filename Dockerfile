# The image of uptimer: the program, the certificates of the public authorities, and nothing else.
#
#   docker build -t uptimer --build-arg VERSION=1.2.3 --build-arg COMMIT="$(git rev-parse HEAD)" .
#
# docs/containers.md says how to run it.
ARG GO_VERSION=1.26.8

# Built on the machine's own platform, for the one that is asked for: the compiler needs no emulation.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
WORKDIR /src
# Modules first: they change less often than the code, and this layer is kept.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION="" COMMIT=""
# Without cgo the program is static. .git is not in the context, so what it would say is said by the linker.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/uptimer/uptimer/internal/version.version=$VERSION -X github.com/uptimer/uptimer/internal/version.commit=$COMMIT" \
    -o /out/uptimer ./cmd/uptimer

FROM scratch
ARG VERSION="" COMMIT=""
LABEL org.opencontainers.image.title="uptimer" \
      org.opencontainers.image.description="Checks whether network endpoints are up, by HTTP, TCP and ICMP" \
      org.opencontainers.image.source="https://github.com/uptimer/uptimer" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/uptimer /uptimer
# A number, because there is no /etc/passwd, and so that Kubernetes' runAsNonRoot can see that it is not root.
USER 65532:65532
ENV METRICS_ADDR=:9090
EXPOSE 9090
STOPSIGNAL SIGTERM
# uptimer gives up asking itself after 5 s and says why; the engine's own limit comes after that.
HEALTHCHECK --interval=10s --timeout=7s --start-period=10s --retries=3 CMD ["/uptimer", "health"]
ENTRYPOINT ["/uptimer"]
