# pipevet and nothing else: a static program on an empty base, under a user without rights, without network or a place to write.
#
#   docker build --tag pipevet .
#   docker run --rm --network none --read-only --volume "$PWD:/src:ro" pipevet check
#
# Alpine's Rust makes static programs for the machine it runs on, so that each architecture builds its own. The feature that talks to GitHub is left out.
FROM rust:1.95-alpine@sha256:606fd313a0f49743ee2a7bd49a0914bab7deedb12791f3a846a34a4711db7ed2 AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock build.rs ./
COPY rules rules
COPY src src
COPY tests tests
# A program that still needs a library would not start on an empty base.
RUN cargo build --release --locked && case "$(readelf --dynamic target/release/pipevet)" in *NEEDED*) exit 1 ;; esac

FROM scratch
COPY --from=build /build/target/release/pipevet /pipevet
COPY LICENSE-MIT LICENSE-APACHE /
# No name: an empty base has no list of users.
USER 65532:65532
WORKDIR /src
ENTRYPOINT ["/pipevet"]
CMD ["check"]
