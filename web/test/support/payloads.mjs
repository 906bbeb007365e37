// SPDX-License-Identifier: Apache-2.0
/** A hundred ways to run a script, if a text is ever taken for markup or an address. */
export function payloads() {
  const call = 'window.ran=true';
  const tags = [
    `<script>${call}</script>`,
    `<img src=x onerror="${call}">`,
    `<svg onload="${call}">`,
    `<svg><script>${call}</script></svg>`,
    `<iframe srcdoc="<script>parent.ran=true</script>"></iframe>`,
    `<body onload="${call}">`,
    `<details open ontoggle="${call}">x</details>`,
    `<input autofocus onfocus="${call}">`,
    `<video><source onerror="${call}"></video>`,
    `<audio src=x onerror="${call}"></audio>`,
    `<math><mtext><img src=x onerror="${call}"></mtext></math>`,
    `<template><img src=x onerror="${call}"></template>`,
    `<object data="javascript:${call}"></object>`,
    `<embed src="javascript:${call}">`,
    `<a href="javascript:${call}">x</a>`,
    `<form action="javascript:${call}"><button>x</button></form>`,
    `<meta http-equiv=refresh content="0;url=javascript:${call}">`,
    `<link rel=stylesheet href="javascript:${call}">`,
    `<style>@import 'javascript:${call}';</style>`,
    `<marquee onstart="${call}">x</marquee>`,
  ];
  const dresses = [
    (text) => text,
    (text) => `</div></mark>"'>${text}`,
    (text) => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    (text) => `\u0000\u2028${text.toUpperCase()}\ud800`,
    (text) => `]]>--><!--${text}{{constructor.constructor('${call}')()}}\${${call}}`,
  ];
  return dresses.flatMap((dress) => tags.map(dress));
}
