# `campaigns.pictures` with a browser: docker build -f services/campaigns/pictures.Dockerfile -t wici/campaigns-pictures .
# Chromium needs namespaces of its own: see "Pictures of templates" in docs/operations.md.
ARG CAMPAIGNS=wici/campaigns
FROM ${CAMPAIGNS}
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core fonts-liberation2 fonts-noto-color-emoji \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
CMD ["python", "-m", "campaigns.pictures"]
