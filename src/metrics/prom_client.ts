/**
 * What is used of prom-client, file by file: its index also loads cluster, http and the default metrics, which cost
 * a server that needs none of them megabytes.
 */
export { default as Counter } from 'prom-client/lib/counter.js';
export { default as Gauge } from 'prom-client/lib/gauge.js';
export { default as Histogram } from 'prom-client/lib/histogram.js';
export { default as Registry } from 'prom-client/lib/registry.js';
