// SPDX-License-Identifier: Apache-2.0
import { expose } from 'comlink';
import { Service } from './service.js';

expose(new Service());
