# Built once, run without a shell account of its own: `docker run --rm -v "$PWD:/src:ro" pipevet`.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src ./src
COPY rules ./rules
RUN cargo build --release --locked

FROM debian:bookworm-slim
COPY --from=build /build/target/release/pipevet /usr/local/bin/pipevet
RUN useradd --system --no-create-home --shell /usr/sbin/nologin pipevet
USER pipevet
WORKDIR /src
ENTRYPOINT ["pipevet"]
CMD ["check"]
