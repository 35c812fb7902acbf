# syntax=docker/dockerfile:1

# --- Everything that is needed to build, and what of it is needed to run
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json LICENSE ./
COPY migrations migrations
COPY src src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund
# tsc copies no data files: SQL, the triage model and the safety rules are read from src.
RUN mkdir /image \
 && mv node_modules dist package.json LICENSE /image \
 && find src \( -name '*.sql' -o -path 'src/triage/model/*' -o -path src/triage/safety-rules.json \) \
      -exec cp --parents {} /image \;

# --- What runs
FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
# pg_dump, pg_restore and psql of PostgreSQL 15, for backups: they must not be older than the server.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client-15 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /image ./
# A volume takes over the owner of the folder that it is mounted on.
RUN mkdir --mode=700 /data /backups && chown node:node /data /backups
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
