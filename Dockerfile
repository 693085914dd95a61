# One static binary in an image without a shell, for amd64 and arm64. The first
# two stages run on the builder's own platform and cross-compile.

FROM --platform=$BUILDPLATFORM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY docs/reference/openapi.json ../docs/reference/openapi.json
COPY web ./
RUN npm run build

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist web/dist
ARG TARGETOS TARGETARCH VERSION=dev
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /energytwin ./cmd/energytwin

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="EnergyTwin" \
      org.opencontainers.image.description="Digital twins of electricity grid areas on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /energytwin /energytwin
USER 65532:65532
ENTRYPOINT ["/energytwin"]
