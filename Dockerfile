# syntax=docker/dockerfile:1
# The control plane, and the gateway's commands, in one image: `docker build -t miraivpn .`. docs/install.md tells the rest.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /source
COPY . .
# Without `dev`: nothing that pretends is in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package mirai --no-default-features --features control,gateway \
    && install -D target/release/mirai /out/mirai

FROM debian:bookworm-slim
# What the program trusts when it calls Stripe and the mail service.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/mirai --create-home mirai
COPY --from=build /out/mirai /usr/local/bin/mirai
# By number, so that a platform that forbids root can see that this is another.
USER 10001:10001
# SQLite and the status page as files, if either is used; all else is read only.
WORKDIR /var/lib/mirai
VOLUME /var/lib/mirai
ENV LISTEN=0.0.0.0:8080
EXPOSE 8080
# No HEALTHCHECK: the image holds no program that could ask. Whoever runs it asks for /readyz.
ENTRYPOINT ["mirai"]
CMD ["serve"]
