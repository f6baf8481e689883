// stub
import type { Lessor } from './lessor.ts';
export async function openRedis(_url: string): Promise<Lessor> {
  throw new Error('not yet');
}
