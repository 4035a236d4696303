# An agent in a container, under a user of its own. Build it in the root of the clone: docker build -t serf-ts .
# What the container is for is started by the plugin `process`, see docs/plugins/process.md; this image has the agent alone.

FROM node:22-alpine AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY scripts/api-pages/package.json scripts/api-pages/
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN node scripts/build.mjs

FROM node:22-alpine
# Node does not reap what other processes leave behind; tini does, as process 1, and passes signals on.
RUN apk add --no-cache tini \
 && addgroup -S -g 10001 serf \
 && adduser -S -D -H -u 10001 -G serf -h /var/lib/serf serf \
 && install -d -o serf -g serf -m 0750 /var/lib/serf /etc/serf/plugins
COPY --from=build /src/dist/*.cjs /usr/lib/serf-ts/
COPY --from=build /src/dist/THIRD-PARTY-LICENSES.txt /usr/share/doc/serf-ts/
COPY LICENSE /usr/share/doc/serf-ts/
COPY deploy/docker/agent.json /etc/serf/
RUN ln -s ../lib/serf-ts/serf.cjs /usr/bin/serf
# By number, so that an orchestrator sees that it is not root.
USER 10001:10001
VOLUME /var/lib/serf
EXPOSE 7946/tcp 7946/udp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["serf", "info", "-format=json"]
ENTRYPOINT ["tini", "--", "serf", "agent", "-config-dir=/etc/serf"]
